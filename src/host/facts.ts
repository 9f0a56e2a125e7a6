import { existsSync, readFileSync } from 'node:fs';
import type { Dialect, Firewall } from '../ports.ts';
import type { Tools } from './tools.ts';

/** CAP_NET_ADMIN (linux/capability.h): may change rules and routes. */
const CAP_NET_ADMIN = 12n;

export function mayChangeNetwork(): boolean {
	const [, bits = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
	return ((BigInt(`0x${bits}`) >> CAP_NET_ADMIN) & 1n) === 1n;
}

/** What `backend: auto` decides by. */
export interface BackendChoice {
	readonly name: Dialect;
	readonly why: string;
}

export interface Ipv6Fact {
	readonly isUsable: boolean;
	/** Why not, where it is not. */
	readonly why: string;
}

/** Whether this network namespace has an IPv6 address that others could reach or that reaches others. */
export function readIpv6(tools: Tools): Ipv6Fact {
	if (tools.ipv6 === undefined) return { isUsable: false, why: 'ip6tables is not installed' };
	try {
		// Columns of if_inet6: address, index, prefix length, scope (00 global, 20 link, 10 host), flags, name.
		const lines = readFileSync('/proc/net/if_inet6', 'utf8').split('\n').filter(Boolean);
		const usable = lines.some((line) => line.split(/\s+/)[3] === '00');
		return { isUsable: usable, why: usable ? '' : 'no interface has an IPv6 address beyond its link' };
	} catch {
		return { isUsable: false, why: 'IPv6 is off in the kernel' };
	}
}

/**
 * Keeps what a former start chose, then what holds our rules already, then what holds anybody's; else nft-backed
 * iptables before legacy. Looks only, never adds a rule to see what happens.
 */
export async function chooseBackend(
	firewalls: readonly Firewall[],
	remembered: Dialect | undefined,
	signal: AbortSignal,
): Promise<BackendChoice> {
	const [only] = firewalls;
	if (only !== undefined && firewalls.length === 1) return { name: only.dialect, why: 'it is the only one installed' };
	const former = firewalls.find(({ dialect }) => dialect === remembered);
	if (former !== undefined) return { name: former.dialect, why: 'a former start chose it' };
	const legacy = await textOf(firewalls, 'iptables-legacy', signal);
	// A kernel without legacy tables says so at once; then nobody need be asked what the others hold.
	if (legacy === '') return { name: 'iptables-nft', why: 'nothing on this host uses iptables-legacy' };
	const nft = await textOf(firewalls, 'iptables-nft', signal);
	return chooseByText({ 'iptables-nft': nft, 'iptables-legacy': legacy });
}

async function textOf(firewalls: readonly Firewall[], dialect: Dialect, signal: AbortSignal): Promise<string> {
	const firewall = firewalls.find((each) => each.dialect === dialect);
	return (await firewall?.read('ipv4', signal)) ?? '';
}

const signs: readonly (readonly [RegExp, string])[] = [
	[/ -j APPMESH_/, 'rules of ours are there'],
	[/^:DOCKER/m, "Docker's rules are there"],
	[/^(\[\d+:\d+\] )?-A /m, 'other rules are there'],
];

/** By what each dialect's tables say; where both say the same, nft-backed. */
export function chooseByText(texts: Readonly<Record<Dialect, string>>): BackendChoice {
	for (const [sign, why] of signs)
		for (const name of ['iptables-nft', 'iptables-legacy'] as const) if (sign.test(texts[name])) return { name, why };
	return { name: 'iptables-nft', why: 'the host has no rules yet' };
}

/** A kernel without IPv6 has no sockets of it; one where it is merely switched off still has. */
export function hasIpv6Sockets(): boolean {
	return existsSync('/proc/net/if_inet6');
}
