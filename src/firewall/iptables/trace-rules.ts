import type { Hook, Match } from '../../ruleset/model.ts';
import type { TracedChain, TracedRule, TracedRuleset, TracedVerdict } from '../../ruleset/trace.ts';
import { parseCidr } from '../../values/cidr.ts';
import { type Port, parseIds, parseInterfaces, parsePort, parsePorts } from '../../values/units.ts';
import { cgroupIdIn, withoutCgroup } from '../cgroup-comment.ts';
import type { IpSet } from './ip-set.ts';
import { builtIns, type ChainRules, type IptablesRules, type JumpRule } from './iptables-rules.ts';
import { optionsOf, type SavedOption, targetOf } from './save-line.ts';

/** What is installed, as a connection can be followed through it; ours and what others have put among it. */
export const tracedRules = ({ chains, hooks, sets = [] }: IptablesRules): TracedRuleset =>
	chains.map((chain): TracedChain => {
		const { table, name, rules } = chain;
		return { table, name, hooks: hooksOf(chain, hooks), rules: rules.flatMap((rule) => tracedRule(rule, sets)) };
	});

const hooksOf = ({ table, name }: ChainRules, hooks: readonly JumpRule[]): TracedChain['hooks'] =>
	hooks.flatMap((hook) => {
		const at = builtIns.find((chain) => chain === hook.chain);
		const [rule] = tracedRule(hook.rule, []);
		const isOurs = hook.table === table && targetOf(hook.rule) === name;
		return at === undefined || rule === undefined || !isOurs
			? []
			: [{ at: at satisfies Hook['at'], position: hook.position, ...rule }];
	});

/** Targets after which a packet goes on. */
const WITHOUT_VERDICT = ['LOG', 'NFLOG', 'ULOG', 'MARK', 'CONNMARK', 'TRACE', ''];
const OURS = /^turnout: /;

/** None for a rule without a verdict. */
function tracedRule(rule: string, sets: readonly IpSet[]): TracedRule[] {
	const options = optionsOf(rule);
	if (WITHOUT_VERDICT.includes(targetOf(rule))) return [];
	const comment = wordBehind(options, '--comment');
	const known = OURS.test(comment) ? readersOfOurs : readers;
	const more = { '--match-set': memberOf(sets), '--path': madeIn(cgroupIdIn(comment)) };
	const read = options.map((option) => readOption(option, { ...known, ...more }));
	const unread = options.filter((_, at) => read[at] === undefined).map(wordsOfOption);
	return [
		{
			matches: read.flatMap((matches) => matches ?? []),
			verdict: verdictOf(options),
			because: comment === '' ? rule : reasonIn(comment, options),
			...(unread.length === 0 ? {} : { unread: unread.join(' ') }),
		},
	];
}

/** Of a match without options, its name too. */
const wordsOfOption = ({ name, values }: SavedOption): string => (name === '-m' ? [name, ...values].join(' ') : name);

/** Our comments end with the names of the sets or the cgroup that the rule asks for. */
const reasonIn = (comment: string, options: readonly SavedOption[]): string =>
	options
		.filter(({ name }) => name === '--match-set')
		.reduce((text, { values }) => text.replace(` (${values[0]})`, ''), withoutCgroup(comment.replace(OURS, '')));

/** Undefined: not understood. */
function readOption({ name, values, not }: SavedOption, known: Readers): readonly Match[] | undefined {
	const [value = ''] = values;
	try {
		const read = not ? negated[name] : known[name];
		return read?.(value, values.at(-1) ?? '');
	} catch {
		return undefined;
	}
}

type Read = (value: string, last: string) => readonly Match[] | undefined;
type Readers = Readonly<Record<string, Read>>;

const nothing: Read = () => [];
const local =
	(end: 'source' | 'destination', is: boolean): Read =>
	(value) =>
		value === 'LOCAL' ? [{ kind: 'local', end, is }] : undefined;
const owner =
	(id: 'uid' | 'gid'): Read =>
	(value) => [{ kind: 'owner', id, ranges: parseIds(value).flatMap((each) => ('name' in each ? [] : [each])) }];
const ports: Read = (value) => [{ kind: 'ports', ports: parsePorts(value) }];
const own: Read = (value) => [{ kind: 'own-ports', ports: parsePorts(value) }];
const only =
	(...known: readonly string[]): Read =>
	(value) =>
		known.includes(value) ? [] : undefined;

/** Looked up in what the host's sets hold now. */
const memberOf =
	(sets: readonly IpSet[]): Read =>
	(wanted, end) => {
		const { kind, entries = [] } = sets.find(({ name }) => name === wanted) ?? {};
		switch (kind === 'ipv6' ? `ipv4 ${end}` : `${kind} ${end}`) {
			case 'ipv4 src':
				return [{ kind: 'from', cidrs: entries.map(parseCidr) }];
			case 'ipv4 dst':
				return [{ kind: 'to', cidrs: entries.map(parseCidr) }];
			case 'ports dst':
				return ports(entries.join(), end);
		}
		return undefined;
	};

/** Which cgroup it was is told by our comment only. */
const madeIn =
	(id: number): Read =>
	(path) =>
		Number.isNaN(id) ? undefined : [{ kind: 'cgroup', cgroup: { path, id } }];

/** A TCP connection is none of another protocol, and its first packet no reply. */
const NEVER: Match = { kind: 'ports', ports: [] };

const readers: Readers = {
	// The one match of ours that has no option.
	'-m': (value) => (value === 'socket' ? undefined : []),
	...{ '--comment': nothing, '-j': nothing, '-g': nothing, '--to-ports': nothing, '--reject-with': nothing },
	// A listener on any address, for packets that are not marked.
	...{ '--on-port': nothing, '--on-ip': only('0.0.0.0', '::'), '--tproxy-mark': only('0x0/0x0') },
	'--to-destination': only(':1-65535'),
	'-p': (value) => (['tcp', '6', 'all'].includes(value) ? [] : [NEVER]),
	'-s': (value) => [{ kind: 'from', cidrs: [parseCidr(value)] }],
	'-d': (value) => [{ kind: 'to', cidrs: [parseCidr(value)] }],
	'-i': (value) => [{ kind: 'in', interfaces: parseInterfaces(value) }],
	'-o': (value) => [{ kind: 'out', interfaces: parseInterfaces(value) }],
	'--src-type': local('source', true),
	'--dst-type': local('destination', true),
	'--uid-owner': owner('uid'),
	'--gid-owner': owner('gid'),
	...{ '--dports': ports, '--dport': ports },
	'--tcp-flags': (mask, set) => flags[`${mask} ${set}`],
	'--syn': () => [{ kind: 'syn' }],
	'--ctstate': (value) => states(value.split(',')),
	'--ctdir': (value) => (value === 'REPLY' ? [NEVER] : []),
};

/** What ours ask is known not to bear on where a first packet goes (match-attempt.ts); in a rule of others it may. */
const readersOfOurs: Readers = {
	...readers,
	'-m': (value) => (value === 'socket' ? [{ kind: 'socket' }] : []),
	'--transparent': () => [{ kind: 'transparent-socket' }],
	// Asked of replies only.
	'--mark': nothing,
	'--physdev-is-in': () => [{ kind: 'bridged' }],
	'--socket-exists': () => [{ kind: 'owned' }],
	...{ '--sports': own, '--sport': own },
};

const negated: Readers = {
	'--src-type': local('source', false),
	'--dst-type': local('destination', false),
	'--tcp-flags': (mask, set) => (flags[`${mask} ${set}`] === flags[SYN] ? [{ kind: 'not-syn' }] : undefined),
	'--syn': () => [{ kind: 'not-syn' }],
};

const SYN = 'FIN,SYN,RST,ACK SYN';
const flags: Readonly<Record<string, readonly Match[]>> = {
	[SYN]: [{ kind: 'syn' }],
	'SYN,ACK SYN,ACK': [{ kind: 'syn-ack' }],
};

/** Of the states only these two are told apart; a first packet is in none of the others but UNTRACKED. */
function states(names: readonly string[]): readonly Match[] | undefined {
	if (names.includes('UNTRACKED')) return undefined;
	return [{ kind: 'state', states: (['INVALID', 'NEW'] as const).filter((state) => names.includes(state)) }];
}

const wordBehind = (options: readonly SavedOption[], name: string): string =>
	options.find((option) => option.name === name)?.values[0] ?? '';

function verdictOf(options: readonly SavedOption[]): TracedVerdict {
	const target = wordBehind(options, '-j');
	switch (target) {
		case 'RETURN':
			return { kind: 'return' };
		case 'DROP':
		case 'REJECT':
			return { kind: 'drop' };
		case 'REDIRECT':
			return toPort(wordBehind(options, '--to-ports'), (port) => ({ kind: 'redirect', port }));
		case 'TPROXY':
			return toPort(wordBehind(options, '--on-port'), (port) => {
				return { kind: 'tproxy', port, family: wordBehind(options, '--on-ip') === '::' ? 'ipv6' : 'ipv4' };
			});
		case 'DNAT':
			// To anywhere else, its option is not understood.
			return { kind: 'keep-destination' };
		default:
			return jump(target);
	}
}

const toPort = (port: string, verdict: (port: Port) => TracedVerdict): TracedVerdict =>
	/^[1-9]\d*$/.test(port) ? verdict(parsePort(port)) : { kind: 'unknown' };

const jump = (target: string): TracedVerdict =>
	target.startsWith('APPMESH_') ? { kind: 'jump', chain: target } : { kind: 'unknown' };
