/** In hexadecimal. With more of them a name of an ipset would be too long (IPSET_MAXNAMELEN, linux/netfilter/ipset/ip_set.h: 31). */
const DIGITS = 12;

/** For the name of a set that is named after what it holds. */
export function contentDigits(text: string): string {
	// Loaded where it is needed: it takes six milliseconds of the start of a command.
	const { hash } = process.getBuiltinModule('node:crypto');
	return hash('sha256', text).slice(0, DIGITS);
}
