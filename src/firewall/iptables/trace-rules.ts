import type { Hook, Match } from '../../ruleset/model.ts';
import type { TracedChain, TracedRule, TracedRuleset, TracedVerdict } from '../../ruleset/trace.ts';
import { parseCidr } from '../../values/cidr.ts';
import { parseIds, parseInterfaces, parsePort, parsePorts } from '../../values/units.ts';
import { builtIns, type ChainRules, type IptablesRules, type JumpRule } from './iptables-rules.ts';
import { optionsOf, type SavedOption, targetOf } from './save-line.ts';

/** What is installed, as a connection can be followed through it; ours and what others have put among it. */
export const tracedRules = ({ chains, hooks }: IptablesRules): TracedRuleset =>
	chains.map((chain): TracedChain => {
		const { table, name, rules } = chain;
		return { table, name, hooks: hooksOf(chain, hooks), rules: rules.flatMap(tracedRule) };
	});

const hooksOf = ({ table, name }: ChainRules, hooks: readonly JumpRule[]): TracedChain['hooks'] =>
	hooks.flatMap((hook) => {
		const at = builtIns.find((chain) => chain === hook.chain);
		const [rule] = tracedRule(hook.rule);
		const isOf = hook.table === table && targetOf(hook.rule) === name;
		return at === undefined || rule === undefined || !isOf ? [] : [{ at: at satisfies Hook['at'], ...rule }];
	});

/** Targets after which a packet goes on. */
const WITHOUT_VERDICT = ['LOG', 'NFLOG', 'ULOG', 'MARK', 'CONNMARK', 'TRACE', ''];

/** None for a rule without a verdict. */
function tracedRule(rule: string): TracedRule[] {
	const options = optionsOf(rule);
	if (WITHOUT_VERDICT.includes(targetOf(rule))) return [];
	const read = options.map(readOption);
	const unread = options.filter((_, at) => read[at] === undefined).map(({ name }) => name);
	const because = wordBehind(options, '--comment').replace(/^turnout: /, '');
	return [
		{
			matches: read.flatMap((matches) => matches ?? []),
			verdict: verdictOf(options),
			because: because === '' ? rule : because,
			...(unread.length === 0 ? {} : { unread: unread.join(' ') }),
		},
	];
}

/** Undefined: not understood. */
function readOption({ name, values, not }: SavedOption): readonly Match[] | undefined {
	const [value = ''] = values;
	try {
		const read = not ? negated[name] : readers[name];
		return read?.(value, values.at(-1) ?? '');
	} catch {
		return undefined;
	}
}

type Read = (value: string, last: string) => readonly Match[] | undefined;

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

/** A TCP connection is none of another protocol. */
const NEVER: Match = { kind: 'ports', ports: [] };

const readers: Readonly<Record<string, Read>> = {
	...{ '-m': nothing, '--comment': nothing, '-j': nothing, '-g': nothing, '--to-ports': nothing },
	'--reject-with': nothing,
	'-p': (value) => (['tcp', '6', 'all'].includes(value) ? [] : [NEVER]),
	'-s': (value) => [{ kind: 'from', cidrs: [parseCidr(value)] }],
	'-d': (value) => [{ kind: 'to', cidrs: [parseCidr(value)] }],
	'-i': (value) => [{ kind: 'in', interfaces: parseInterfaces(value) }],
	'-o': (value) => [{ kind: 'out', interfaces: parseInterfaces(value) }],
	'--src-type': local('source', true),
	'--dst-type': local('destination', true),
	'--uid-owner': owner('uid'),
	'--gid-owner': owner('gid'),
	'--socket-exists': () => [{ kind: 'owned' }],
	...{ '--dports': ports, '--dport': ports, '--sports': own, '--sport': own },
	'--tcp-flags': (mask, set) => flags[`${mask} ${set}`],
	'--syn': () => [{ kind: 'syn' }],
	'--ctstate': (value) => states(value.split(',')),
};

const negated: Readonly<Record<string, Read>> = {
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
			return redirect(wordBehind(options, '--to-ports'));
		default:
			return jump(target);
	}
}

function redirect(port: string): TracedVerdict {
	return /^\d+$/.test(port) ? { kind: 'redirect', port: parsePort(port) } : { kind: 'unknown' };
}

const jump = (target: string): TracedVerdict =>
	target.startsWith('APPMESH_') ? { kind: 'jump', chain: target } : { kind: 'unknown' };
