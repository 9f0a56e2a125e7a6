// PURE. What rules, as iptables spells them, do with a connection's first packet; knows the matches and targets that ours have.
import { BlockList, isIPv4 } from 'node:net';
import type { ChainRules, IptablesRules } from '../../src/firewall/iptables/iptables-rules.ts';

export interface Packet {
	readonly from: string;
	readonly to: string;
	readonly port: number;
	/** The interface that it comes in by, in PREROUTING, or leaves by, in OUTPUT. */
	readonly interface: string;
	readonly isFromHere: boolean;
	readonly isToHere: boolean;
	/** In OUTPUT only. */
	readonly uid?: number;
	readonly gid?: number;
	/** The ids of its cgroup and of all above it. */
	readonly cgroups?: readonly number[];
}

/** A port: where it is redirected to. */
export type Outcome = 'direct' | 'dropped' | number;

export function fateOf(held: IptablesRules, at: 'PREROUTING' | 'OUTPUT', packet: Packet): Outcome {
	for (const table of ['mangle', 'nat']) {
		const chains = held.chains.filter((chain) => chain.table === table);
		const hooks = held.hooks.filter((hook) => hook.table === table && hook.chain === at);
		const inOrder = hooks.toSorted((a, b) => a.position - b.position).map(({ rule }) => rule);
		const fate = walk(inOrder, chains, packet);
		if (fate !== undefined) return fate;
	}
	return 'direct';
}

/** Undefined: nobody decided before the end of the chain, or before a RETURN. */
function walk(rules: readonly string[], chains: readonly ChainRules[], packet: Packet): Outcome | undefined {
	for (const rule of rules) {
		const options = parse(rule);
		// Which cgroup it was when the rule was made is in the comment only.
		const cgroup = Number(/ \(cgroup (\d+)\)"/.exec(rule)?.[1]);
		if (options.some(({ name }) => name === '--path') && packet.cgroups?.includes(cgroup) !== true) continue;
		if (!options.every((option) => matches(option, packet))) continue;
		if (optionOf(options, '-j') === 'RETURN') return undefined;
		const fate = follow(options, chains, packet);
		if (fate !== undefined) return fate;
	}
	return undefined;
}

function follow(options: readonly Option[], chains: readonly ChainRules[], packet: Packet): Outcome | undefined {
	const target = optionOf(options, '-j');
	if (target === 'DROP') return 'dropped';
	if (target === 'REDIRECT') return Number(optionOf(options, '--to-ports'));
	if (target === 'TPROXY') return Number(optionOf(options, '--on-port'));
	// To the destination that it has.
	if (target === 'DNAT') return 'direct';
	const called = chains.find(({ name }) => name === target);
	if (called === undefined) throw new Error(`no chain is called ${target}`);
	return walk(called.rules, chains, packet);
}

const optionOf = (options: readonly Option[], name: string): string =>
	options.find((option) => option.name === name)?.value ?? '';

interface Option {
	readonly name: string;
	readonly value: string;
	readonly isNegated: boolean;
}

const parse = (rule: string): Option[] =>
	[...rule.matchAll(/(! )?(--?[\w-]+) ("[^"]*"|\S+)/g)].map(([, negated, name = '', value = '']) => {
		return { name, value, isNegated: negated !== undefined };
	});

function matches(option: Option, packet: Packet): boolean {
	const test = tests[option.name];
	if (test === undefined) throw new Error(`nobody here knows ${option.name}`);
	return test(option.value, packet) !== option.isNegated;
}

const always = (): boolean => true;
const tests: Readonly<Record<string, (value: string, packet: Packet) => boolean>> = {
	...{ '-j': always, '-m': always, '-p': always, '--comment': always, '--to-ports': always },
	...{ '--on-port': always, '--on-ip': always, '--tproxy-mark': always, '--to-destination': always },
	'-s': (value, { from }) => isWithin(value, from),
	'-d': (value, { to }) => isWithin(value, to),
	'-i': (value, packet) => isNamed(value, packet.interface),
	'-o': (value, packet) => isNamed(value, packet.interface),
	'--src-type': (_, { isFromHere }) => isFromHere,
	'--dst-type': (_, { isToHere }) => isToHere,
	'--path': always,
	'--dports': (value, { port }) => value.split(',').some((span) => isBetween(span, ':', port)),
	'--uid-owner': (value, { uid }) => uid !== undefined && isBetween(value, '-', uid),
	'--gid-owner': (value, { gid }) => gid !== undefined && isBetween(value, '-', gid),
	// It is a first packet.
	'--tcp-flags': (value) => value === 'FIN,SYN,RST,ACK',
	'--sports': () => false,
	'--ctstate': () => false,
	'--ctdir': () => false,
	'--mark': () => false,
	'--physdev-is-in': () => false,
	'--transparent': () => false,
};

export function isWithin(network: string, address: string): boolean {
	const [base = '', bits] = network.split('/');
	const family = (text: string) => (isIPv4(text) ? 'ipv4' : 'ipv6');
	if (family(base) !== family(address)) return false;
	const list = new BlockList();
	list.addSubnet(base, Number(bits), family(base));
	return list.check(address, family(address));
}

export const isNamed = (pattern: string, name: string): boolean =>
	pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;

function isBetween(span: string, sign: string, value: number): boolean {
	const [from = '', to = from] = span.split(sign);
	return Number(from) <= value && value <= Number(to);
}
