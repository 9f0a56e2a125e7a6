import type { Fact } from './conditions.ts';

interface Holder {
	readonly port: number;
	readonly uid: number;
}

/** The condition `ports`: another program holds a port of Envoy's. `owner`: its name and pid. */
export function strangerFact({ port, uid }: Holder, owner: string): Fact {
	return {
		subject: 'ports',
		ok: false,
		why: `port ${port} is held by ${owner} of user ${uid}, which is not Envoy's: connections redirected there are dropped`,
		remedy: 'End that program to free the port; if it is Envoy, add its user to ignoreUids (APPMESH_IGNORE_UID)',
	};
}

/** TPROXY leads to a listener that cannot take what it hands over. `owner`: its program's name and pid. */
export const opaqueFact = ({ port }: Holder, owner: string): Fact => ({
	subject: 'ports',
	ok: false,
	why: `the listener on port ${port} (${owner}) is not transparent: inbound connections to application ports are dropped`,
	remedy:
		'Set `transparent: true` on the listener and give Envoy CAP_NET_ADMIN, or set ingressMode (TURNOUT_INGRESS_MODE) to redirect',
});

export const cookiesFact = (hasOnlyCookies: boolean): Fact =>
	hasOnlyCookies
		? {
				subject: 'syncookies',
				ok: false,
				why: "the kernel answers every connection with a SYN cookie, which carries no user: any program that binds Envoy's ports while Envoy is down gets captured connections",
				remedy: 'sysctl net.ipv4.tcp_syncookies=1, the default, then turnout reload',
			}
		: { subject: 'syncookies', ok: true };
