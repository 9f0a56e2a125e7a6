import { memoize } from '../../lib/memoize.ts';
import type { Chain, Hook, Match, Rule, Ruleset, Verdict } from '../../ruleset/model.ts';
import { type Cidr, showCidr } from '../../values/cidr.ts';
import type { IdRange, PortRange } from '../../values/units.ts';
import { cgroupInComment } from '../cgroup-comment.ts';
import type { IpSet } from './ip-set.ts';
import type { ChainRules, IptablesRules, JumpRule } from './iptables-rules.ts';
import { setOf } from './match-set.ts';
import { quotedWord } from './save-line.ts';

/** `multiport` takes 15 ports, and a range counts as two (XT_MULTI_PORTS, linux/netfilter/xt_multiport.h). */
const MULTIPORT_SLOTS = 15;

/**
 * Spells a ruleset exactly as `iptables-save` will print it, so that what is read back can be compared. Remembered: the
 * same ruleset is compared again and again, and may have thousands of rules.
 */
export const renderIptables = memoize((ruleset: Ruleset): IptablesRules => {
	const sets = setsOf(ruleset);
	return {
		chains: ruleset.map(renderChain),
		hooks: renderHooks(ruleset),
		...(sets.length === 0 ? {} : { sets }),
	};
});

/** Chains may have the same list. */
const setsOf = (ruleset: Ruleset): IpSet[] => {
	const all = ruleset.flatMap(({ rules }) => rules.flatMap(({ matches }) => matches.map(setOf)));
	return [...new Map(all.filter((set) => set !== undefined).map((set) => [set.name, set])).values()];
};

/** The rules that have a role by how they are rendered, by `TABLE CHAIN`. */
export const renderRoles = memoize(
	(ruleset: Ruleset): ReadonlyMap<string, ReadonlyMap<string, Rule>> =>
		new Map(ruleset.map((chain) => [`${chain.table} ${chain.name}`, new Map(chain.rules.flatMap(roleEntries))])),
);

const roleEntries = (rule: Rule): (readonly [string, Rule])[] =>
	rule.role === undefined ? [] : renderRule(rule).map((text) => [text, rule] as const);

const renderChain = ({ table, name, rules }: Chain): ChainRules => ({
	table,
	name,
	rules: rules.flatMap(renderRule),
	packets: [],
});

/** Ours stand first in their chain: packets must reach us before Docker's or kube-proxy's rules rewrite them. */
function renderHooks(ruleset: Ruleset): JumpRule[] {
	const hooks = ruleset.flatMap((chain) => chain.hooks.map((hook) => ({ chain, hook })));
	const before = (at: number): number => {
		const same = hooks.slice(0, at).filter(({ chain, hook }) => {
			return chain.table === hooks[at]?.chain.table && hook.at === hooks[at]?.hook.at;
		});
		return same.length;
	};
	return hooks.map(({ chain, hook }, at) => ({
		table: chain.table,
		chain: hook.at,
		position: before(at) + 1,
		rule: renderHook(chain, hook),
	}));
}

const renderHook = ({ name }: Chain, { matches, because }: Hook): string =>
	line(matches, because, { kind: 'jump', chain: name });

const renderRule = ({ matches, verdict, because }: Rule): string[] =>
	matches
		.map(alternativesOf)
		.reduce<readonly (readonly Match[])[]>(
			(before, alternatives) => before.flatMap((each) => alternatives.map((one) => [...each, one])),
			[[]],
		)
		.map((all) => line(all, because, verdict));

/** A match of iptables takes a few ports, and one of anything else: each of the alternatives has a rule of its own. */
function alternativesOf(match: Match): readonly Match[] {
	if (setOf(match) !== undefined) return [match];
	switch (match.kind) {
		case 'ports':
			return portGroups(match.ports).map((ports) => ({ ...match, ports }));
		case 'from':
		case 'to':
			return match.cidrs.map((cidr) => ({ ...match, cidrs: [cidr] }));
		case 'in':
		case 'out':
			return match.interfaces.map((name) => ({ ...match, interfaces: [name] }));
		case 'owner':
			return match.ranges.map((range) => ({ ...match, ranges: [range] }));
		default:
			return [match];
	}
}

function portGroups(ports: readonly PortRange[]): PortRange[][] {
	const groups: PortRange[][] = [];
	let free = 0;
	for (const range of ports) {
		const slots = range.from === range.to ? 1 : 2;
		if (slots > free) {
			groups.push([]);
			free = MULTIPORT_SLOTS;
		}
		groups.at(-1)?.push(range);
		free -= slots;
	}
	return groups;
}

/**
 * iptables-save prints addresses, interfaces and the protocol first, then the matches, then the target. The comment names a
 * set or a cgroup too: in the kernel's rule it is a number, which may be another set's later, and the same rule must not be
 * two; and a path may be that of another cgroup later.
 */
function line(matches: readonly Match[], because: string, verdict: Verdict): string {
	const named = matches.map(nameInComment).filter((name) => name !== undefined);
	const first = matches
		.filter((match) => firstKinds.includes(match.kind) && setOf(match) === undefined)
		.map(renderMatch);
	const locals = matches.filter((match) => match.kind === 'local').map(renderMatch);
	const flags = matches.filter(({ kind }) => flagKinds.includes(kind)).map(renderMatch);
	const others = matches.filter(isLater).map(renderMatch);
	const addrtype = locals.length === 0 ? [] : ['-m addrtype', ...locals];
	const comment = `-m comment --comment "turnout: ${because}${named.map((name) => ` (${name})`).join('')}"`;
	return [...first, '-p tcp', ...flags, ...addrtype, ...others, comment, renderVerdict(verdict)]
		.filter((part) => part !== '')
		.join(' ');
}

const nameInComment = (match: Match): string | undefined =>
	match.kind === 'cgroup' ? cgroupInComment(match.cgroup) : setOf(match)?.name;

const firstKinds: readonly Match['kind'][] = ['from', 'to', 'in', 'out'];
const flagKinds: readonly Match['kind'][] = ['syn', 'not-syn', 'syn-ack'];
const laterKinds: readonly Match['kind'][] = [
	'ports',
	'own-ports',
	'owner',
	'owned',
	'cgroup',
	'state',
	'bridged',
	'socket',
	'transparent-socket',
	'reply-of-marked',
];
const isLater = (match: Match): boolean => laterKinds.includes(match.kind) || setOf(match) !== undefined;

/** Matches that have one spelling. */
const words = {
	// How iptables-save prints --syn.
	syn: '-m tcp --tcp-flags FIN,SYN,RST,ACK SYN',
	'not-syn': '-m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN',
	'syn-ack': '-m tcp --tcp-flags SYN,ACK SYN,ACK',
	owned: '-m owner --socket-exists',
	bridged: '-m physdev --physdev-is-in',
	socket: '-m socket',
	'transparent-socket': '-m socket --transparent',
} as const;

function renderMatch(match: Match): string {
	const set = setOf(match);
	if (set !== undefined) return `-m set --match-set ${set.name} ${match.kind === 'from' ? 'src' : 'dst'}`;
	switch (match.kind) {
		case 'from':
			return match.cidrs.map((cidr) => renderCidr('-s', cidr)).join('');
		case 'to':
			return match.cidrs.map((cidr) => renderCidr('-d', cidr)).join('');
		case 'in':
			return `-i ${match.interfaces.join('')}`;
		case 'out':
			return `-o ${match.interfaces.join('')}`;
		case 'local':
			return `${match.is ? '' : '! '}${match.end === 'source' ? '--src-type' : '--dst-type'} LOCAL`;
		case 'state':
			return `-m conntrack --ctstate ${match.states.join(',')}`;
		case 'ports':
			return `-m multiport --dports ${match.ports.map((range) => spanOf(range, ':')).join(',')}`;
		case 'own-ports':
			return `-m multiport --sports ${match.ports.map((range) => spanOf(range, ':')).join(',')}`;
		case 'reply-of-marked':
			return `-m connmark --mark ${hex(match.mark)} -m conntrack --ctdir REPLY`;
		case 'owner':
			return `-m owner --${match.id}-owner ${match.ranges.map((range) => spanOf(range, '-')).join('')}`;
		case 'cgroup':
			return `-m cgroup --path ${quotedWord(match.cgroup.path)}`;
		default:
			return words[match.kind];
	}
}

/** A network of no bits is every address, and iptables-save leaves it out. */
const renderCidr = (option: '-s' | '-d', cidr: Cidr): string => (cidr.bits === 0 ? '' : `${option} ${showCidr(cidr)}`);

const spanOf = ({ from, to }: PortRange | IdRange, between: string): string =>
	from === to ? String(from) : `${from}${between}${to}`;

function renderVerdict(verdict: Verdict): string {
	switch (verdict.kind) {
		case 'return':
			return '-j RETURN';
		case 'drop':
			return '-j DROP';
		case 'redirect':
			return `-j REDIRECT --to-ports ${verdict.port}`;
		case 'tproxy':
			return `-j TPROXY --on-port ${verdict.port} --on-ip ${unspecified[verdict.family]} --tproxy-mark 0x0/0x0`;
		case 'keep-destination':
			return '-j DNAT --to-destination :1-65535';
		case 'mark':
			return `-j MARK --set-xmark ${hex(verdict.mark)}/0xffffffff`;
		case 'mark-connection':
			return `-j CONNMARK --set-xmark ${hex(verdict.mark)}/0xffffffff`;
		case 'jump':
			return `-j ${verdict.chain}`;
	}
}

/** The listener's address, which may be each. */
const unspecified = { ipv4: '0.0.0.0', ipv6: '::' } as const;

const hex = (mark: number): string => `0x${mark.toString(16)}`;
