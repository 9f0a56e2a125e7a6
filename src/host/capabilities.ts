import { readFileSync } from 'node:fs';

/** linux/capability.h: CAP_NET_ADMIN changes rules and routes, iptables-legacy needs CAP_NET_RAW too. */
const CAP_NET_ADMIN = 12n;
const CAP_NET_RAW = 13n;

export const mayChangeNetwork = (): boolean => has(CAP_NET_ADMIN);
export const mayOpenRawSockets = (): boolean => has(CAP_NET_RAW);

function has(capability: bigint): boolean {
	const [, bits = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
	return ((BigInt(`0x${bits}`) >> capability) & 1n) === 1n;
}
