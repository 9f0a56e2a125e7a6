import type { Fact } from './conditions.ts';

interface Holder {
	readonly port: number;
	readonly uid: number;
}

/** `owner`: which program it is. */
export function portsFact(stranger: Holder | undefined, owner: string): Fact {
	if (stranger === undefined) return { subject: 'ports', ok: true };
	const { port, uid } = stranger;
	return {
		subject: 'ports',
		ok: false,
		why: `port ${port} is held by ${owner} of user ${uid}, who is not Envoy's: connections that are sent there are dropped`,
		remedy:
			'End that program, and Envoy can have its port; if it is Envoy, add its user to ignoreUids (APPMESH_IGNORE_UID)',
	};
}

export const cookiesFact = (hasOnlyCookies: boolean): Fact =>
	hasOnlyCookies
		? {
				subject: 'syncookies',
				ok: false,
				why: "the kernel answers every connection with a SYN cookie, which names no user: whoever binds Envoy's ports while it is away gets what is captured",
				remedy: 'sysctl net.ipv4.tcp_syncookies=1, the default, then turnout reload',
			}
		: { subject: 'syncookies', ok: true };
