/** The SSH session that somebody types in, as sshd says it (sshd(8), SSH_CONNECTION); '' where it is none, or unreadable. */
export function sshSession(): string {
	const session = process.env['SSH_CONNECTION'] ?? '';
	return /^[\da-fA-F.:]+ \d+ [\da-fA-F.:]+ \d+$/.test(session) ? session : '';
}
