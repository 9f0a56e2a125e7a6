import { readText } from '../sockets/procfs.ts';

/** Connections that the kernel tracks in this network, and the most that it tracks (nf_conntrack-sysctl). */
export interface ConntrackUsage {
	readonly count: number;
	readonly most: number;
}

/** Undefined where nobody tracks connections. */
export function readConntrackUsage(): ConntrackUsage | undefined {
	const [count, most] = ['count', 'max'].map((name) => readText(`/proc/sys/net/netfilter/nf_conntrack_${name}`).trim());
	return count === undefined || most === undefined || count === '' || most === ''
		? undefined
		: { count: Number(count), most: Number(most) };
}
