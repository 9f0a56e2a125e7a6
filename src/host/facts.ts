import { existsSync, readFileSync } from 'node:fs';
import type { Dialect, Firewall } from '../ports.ts';
import type { PortRange } from '../values/units.ts';
import type { Tools } from './iptables/programs.ts';

/** Of linux/capability.h: to change rules and routes, and to speak to iptables-legacy's part of the kernel. */
const CAP_NET_ADMIN = 12n;
const CAP_NET_RAW = 13n;

export const mayChangeNetwork = (): boolean => has(CAP_NET_ADMIN);
export const mayOpenRawSockets = (): boolean => has(CAP_NET_RAW);

function has(capability: bigint): boolean {
	const [, bits = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
	return ((BigInt(`0x${bits}`) >> capability) & 1n) === 1n;
}

/** What `backend: auto` decides by. */
export interface BackendChoice {
	readonly name: Dialect;
	readonly why: string;
}

export interface Ipv6Fact {
	/** This network namespace has an IPv6 address that others could reach or that reaches others. */
	readonly hasAddress: boolean;
	/** Why its traffic cannot be captured; '' where it can. */
	readonly obstacle: string;
	/** There can be rules for it, captured or not. */
	readonly hasRules: boolean;
}

export function readIpv6(tools: Tools): Ipv6Fact {
	const addresses = readQuietly('/proc/net/if_inet6');
	if (addresses === undefined) return { hasAddress: false, obstacle: 'IPv6 is off in the kernel', hasRules: false };
	// Columns of if_inet6: address, index, prefix length, scope (00 global, 20 link, 10 host), flags, name.
	const scopes = addresses.split('\n').map((line) => line.split(/\s+/)[3]);
	const hasRules = tools.ipv6 !== undefined;
	return { hasAddress: scopes.includes('00'), obstacle: obstacleOf(tools), hasRules };
}

function obstacleOf(tools: Tools): string {
	if (tools.ipv6 === undefined) return 'ip6tables is not installed';
	const isOff = readQuietly('/proc/sys/net/ipv6/conf/lo/disable_ipv6')?.trim() === '1';
	return isOff ? 'IPv6 is off on the loopback interface (sysctl net.ipv6.conf.lo.disable_ipv6)' : '';
}

/** What the rules have to know of this network namespace's kernel (tcp(7), ip(7)). */
export function readKernelFacts() {
	const read = (name: string) => readQuietly(`/proc/sys/net/ipv4/${name}`)?.trim() ?? '';
	const [from = 0, to = 0] = read('ip_local_port_range').split(/\s+/).map(Number);
	return {
		// It answers every connection with a SYN cookie, and not only when it has no more room.
		hasOnlyCookies: read('tcp_syncookies') === '2',
		...(from > 0 && to >= from ? { callerPorts: { from, to } as PortRange } : {}),
	};
}

function readQuietly(path: string): string | undefined {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		return undefined;
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
	if (legacy === '')
		return { name: 'iptables-nft', why: 'nothing on this host used iptables-legacy when it was chosen' };
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
