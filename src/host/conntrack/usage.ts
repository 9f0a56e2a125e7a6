import { readText } from '../sockets/procfs.ts';

/** Tracked connections in this network namespace, and their limit (nf_conntrack-sysctl). */
export interface ConntrackUsage {
	readonly count: number;
	readonly most: number;
}

/** Undefined if conntrack is not active. */
export function readConntrackUsage(): ConntrackUsage | undefined {
	const [count, most] = ['count', 'max'].map((name) => readText(`/proc/sys/net/netfilter/nf_conntrack_${name}`).trim());
	return count === undefined || most === undefined || count === '' || most === ''
		? undefined
		: { count: Number(count), most: Number(most) };
}
