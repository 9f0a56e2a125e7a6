import type { Difference } from '../firewall.ts';
import {
	type BuiltIn,
	builtIns,
	type ChainRules,
	type IptablesRules,
	type JumpRule,
	markOf,
} from './iptables-rules.ts';
import { canonicalRule } from './save-line.ts';

/** Nothing where both have the same rules in the same order, whatever they have counted. */
export function differences(found: IptablesRules, wanted: IptablesRules): Difference[] {
	const mark = (chain: BuiltIn) => ({ kind: 'surplus', table: 'mangle', line: `-N ${markOf(chain)}` }) as const;
	return [
		...chainDifferences(found, wanted),
		...hookDifferences(found.hooks, wanted.hooks),
		...leftBy(found, wanted).map(mark),
	];
}

function chainDifferences(found: IptablesRules, wanted: IptablesRules): Difference[] {
	const name = (chain: ChainRules) => `${chain.table} ${chain.name}`;
	const names = new Set([...found.chains, ...wanted.chains].map(name));
	return [...names].flatMap((each) =>
		ruleDifferences(
			found.chains.find((chain) => name(chain) === each),
			wanted.chains.find((chain) => name(chain) === each),
		),
	);
}

function ruleDifferences(found: ChainRules | undefined, wanted: ChainRules | undefined): Difference[] {
	if (wanted === undefined) return found === undefined ? [] : listed('surplus', found);
	if (found === undefined) return listed('missing', wanted);
	const { before, is, should } = middleOf(found.rules, wanted.rules);
	if (is.join('\n') === should.join('\n')) return [];
	const [there, due] = [new Set(is), new Set(should)];
	const missing = should.flatMap((rule, at) => (there.has(rule) ? [] : (wanted.rules[before + at] ?? [])));
	const surplus = is.flatMap((rule, at) => (due.has(rule) ? [] : (found.rules[before + at] ?? [])));
	const { table, name } = wanted;
	if (missing.length + surplus.length === 0)
		return [{ kind: 'misplaced', table, line: `-A ${name} (order of its rules)` }];
	return [
		...missing.map((rule): Difference => ({ kind: 'missing', table, line: `-A ${name} ${rule}` })),
		...surplus.map((rule): Difference => ({ kind: 'surplus', table, line: `-A ${name} ${rule}` })),
	];
}

const listed = (kind: Difference['kind'], { table, name, rules }: ChainRules): Difference[] => [
	{ kind, table, line: `-N ${name}` },
	...rules.map((rule): Difference => ({ kind, table, line: `-A ${name} ${rule}` })),
];

function hookDifferences(found: readonly JumpRule[], wanted: readonly JumpRule[]): Difference[] {
	const isAlike = (a: JumpRule, b: JumpRule) => a.table === b.table && a.chain === b.chain && isSame(a.rule, b.rule);
	const same = (a: JumpRule, b: JumpRule) => a.position === b.position && isAlike(a, b);
	const absent = wanted.filter((hook) => !found.some((other) => same(hook, other)));
	const extra = found.filter((hook) => !wanted.some((other) => same(hook, other)));
	const elsewhere = (hook: JumpRule) => extra.some((other) => isAlike(other, hook));
	return [
		...absent.map(
			({ ...hook }): Difference => ({
				kind: elsewhere(hook) ? 'misplaced' : 'missing',
				table: hook.table,
				line: `-I ${hook.chain} ${hook.position} ${hook.rule}`,
			}),
		),
		...extra
			.filter((hook) => !absent.some((other) => isAlike(other, hook)))
			.map(({ table, chain, rule }): Difference => ({ kind: 'surplus', table, line: `-A ${chain} ${rule}` })),
	];
}

/** Built-in chains of mangle that were created for us and that no wanted rule needs. */
export const leftBy = ({ createdBuiltIns = {} }: IptablesRules, wanted: IptablesRules): BuiltIn[] =>
	builtIns.filter((chain) => createdBuiltIns[chain] !== undefined && !hangsOn(wanted, chain));

export const hangsOn = ({ hooks }: IptablesRules, builtIn: BuiltIn): boolean =>
	hooks.some(({ table, chain }) => table === 'mangle' && chain === builtIn);

/**
 * The parts of two lists between their common beginning and their common end, in canonical form. Makes the comparison of
 * long lists with few differences fast.
 */
export function middleOf(found: readonly string[], wanted: readonly string[]) {
	const shorter = Math.min(found.length, wanted.length);
	let before = 0;
	while (before < shorter && isSame(found[before], wanted[before])) before += 1;
	let after = 0;
	while (after < shorter - before && isSame(found.at(-1 - after), wanted.at(-1 - after))) after += 1;
	const between = (rules: readonly string[]) => rules.slice(before, rules.length - after).map(canonicalRule);
	return { before, is: between(found), should: between(wanted) };
}

/** Most rules are spelled the same; the canonical form is costly. */
const isSame = (a = '', b = ''): boolean => a === b || canonicalRule(a) === canonicalRule(b);
