import { parseCidr } from '../../values/cidr.ts';
import { type Line, optionsOf, parseLine, type SavedOption } from '../iptables/save-line.ts';
import type { Match, Ports, Rule, Table, Verdict } from './foreign-rule.ts';
import type { RuleText } from './foreign-rules.ts';

/** The tables in the output of iptables-save. */
export function parseSavedTables({ text, dialect, family }: Extract<RuleText, { kind: 'saved' }>): Table[] {
	const tables: Filling[] = [];
	for (const saved of text.split('\n')) {
		const line = parseLine(saved);
		if (line.kind === 'table')
			tables.push({
				...{ tool: dialect, family: family === 'ipv4' ? 'ip' : 'ip6', name: line.name },
				...{ chains: new Map(), dropping: new Set() },
			});
		const table = tables.at(-1);
		if (table !== undefined) fill(table, line, saved);
	}
	return tables;
}

interface Filling extends Table {
	readonly chains: Map<string, Rule[]>;
	readonly dropping: Set<string>;
}

function fill({ chains, dropping }: Filling, line: Line, saved: string): void {
	if (line.kind === 'rule') chains.get(line.chain)?.push(ruleOf(line.chain, line.rule));
	if (line.kind !== 'chain') return;
	chains.set(line.name, []);
	if (saved.includes(' DROP ')) dropping.add(line.name);
}

function ruleOf(chain: string, rule: string): Rule {
	const options = optionsOf(rule);
	const at = options.findIndex(({ name }) => name === '-j' || name === '-g');
	const matches = (at === -1 ? options : options.slice(0, at)).flatMap(matchOf);
	return { matches, verdict: verdictOf(options.slice(at)), text: `-A ${chain} ${rule}` };
}

/** Options that do not restrict which connections match. */
const WITHOUT_EFFECT = ['-m', '--comment'];

function matchOf({ name, values, not }: SavedOption): Match[] {
	if (WITHOUT_EFFECT.includes(name)) return [];
	const [value = ''] = values;
	const read = readers[name];
	const match = read?.(value, values.at(-1) ?? '');
	return [match === undefined ? { kind: 'unknown', words: [name, ...values].join(' '), not } : { ...match, not }];
}

type Unsigned = Match extends infer M ? (M extends Match ? Omit<M, 'not'> : never) : never;
type Read = (value: string, last: string) => Unsigned | undefined;

const ports =
	(original: boolean): Read =>
	(value) => ({ kind: 'ports', ranges: rangesOf(value), original });
const address =
	(kind: 'from' | 'to', original = false): Read =>
	(value) => {
		const cidr = cidrOf(value);
		return cidr === undefined ? undefined : { kind, cidrs: [cidr], original };
	};
const names =
	(kind: 'in' | 'out'): Read =>
	(value) => ({ kind, names: [value] });
const state: Read = (value) => ({ kind: 'state', names: value.toLowerCase().split(',') });
const local =
	(end: 'source' | 'destination'): Read =>
	(value) =>
		value === 'LOCAL' ? { kind: 'local', end } : undefined;
const flags: Read = (mask, set) => (mask.includes('SYN') && set === 'SYN' ? { kind: 'syn' } : undefined);

const readers: Readonly<Record<string, Read>> = {
	'-p': (value) => ({ kind: 'protocol', names: [value] }),
	'-s': address('from'),
	'-d': address('to'),
	'-i': names('in'),
	'-o': names('out'),
	'--dport': ports(false),
	'--dports': ports(false),
	'--ctorigdstport': ports(true),
	'--ctorigdst': address('to', true),
	'--ctstate': state,
	'--state': state,
	'--src-type': local('source'),
	'--dst-type': local('destination'),
	'--uid-owner': (value) => ({ kind: 'uid', ranges: rangesOf(value) }),
	'--tcp-flags': flags,
	'--syn': () => ({ kind: 'syn' }),
};

const rangesOf = (text: string): Ports[] =>
	text.split(',').map((part) => {
		const [from = 0, to = from] = part.split(/[-:]/).map(Number);
		return { from, to };
	});

export function cidrOf(text: string) {
	try {
		return parseCidr(text);
	} catch {
		return undefined;
	}
}

const VERDICTS: Readonly<Record<string, Verdict>> = {
	ACCEPT: { kind: 'accept' },
	DROP: { kind: 'drop' },
	REJECT: { kind: 'drop' },
	RETURN: { kind: 'return' },
	REDIRECT: { kind: 'translate' },
	DNAT: { kind: 'translate' },
	NETMAP: { kind: 'translate' },
	NOTRACK: { kind: 'untrack' },
	TPROXY: { kind: 'steal' },
};

/** A target that is not listed is taken for a chain; a chain that does not exist lets packets go on. */
function verdictOf([first, ...more]: readonly SavedOption[]): Verdict {
	const [target = ''] = first?.values ?? [];
	if (first === undefined || !['-j', '-g'].includes(first.name)) return { kind: 'continue' };
	if (target === 'CT' && more.some(({ name }) => name === '--notrack')) return { kind: 'untrack' };
	return VERDICTS[target] ?? { kind: first.name === '-g' ? 'goto' : 'jump', chain: target };
}
