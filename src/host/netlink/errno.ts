/** The netlink package reports errno only inside the message text; read it here, once, and nowhere else. */
export function errnoOf(error: unknown): string | undefined {
	return error instanceof Error ? /^Request rejected: (E[A-Z]+)$/.exec(error.message)?.[1] : undefined;
}
