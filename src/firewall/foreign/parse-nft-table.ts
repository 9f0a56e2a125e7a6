import type { Match, Rule, Table, Verdict } from './foreign-rule.ts';
import type { RuleText } from './foreign-rules.ts';
import { describeStatement, isObject, type Json, type JsonObject } from './nft-json.ts';
import { matchesOf, type Sets } from './nft-matches.ts';

/** Parses the output of `nft --json list table` (libnftables-json(5)); undefined if it is something else. */
export function parseNftTable({ text, family, table: name }: Extract<RuleText, { kind: 'nft' }>): Table | undefined {
	const objects = objectsOf(text);
	if (objects === undefined) return undefined;
	const sets: Sets = new Map(
		objects.flatMap(({ set, map }) =>
			[set, map].flatMap((each) => (isObject(each) ? [[String(each['name']), listOf(each['elem'])] as const] : [])),
		),
	);
	const chains = new Map<string, Rule[]>();
	const dropping = new Set<string>();
	for (const { chain, rule } of objects) {
		if (isObject(chain)) chains.set(String(chain['name']), []);
		if (isObject(chain) && chain['policy'] === 'drop') dropping.add(String(chain['name']));
		if (isObject(rule)) chains.get(String(rule['chain']))?.push(...rulesOf(listOf(rule['expr']), sets));
	}
	return { tool: 'nft', family, name, chains, dropping };
}

function objectsOf(text: string): readonly JsonObject[] | undefined {
	try {
		const parsed: Json = JSON.parse(text);
		return isObject(parsed) ? listOf(parsed['nftables']).filter(isObject) : undefined;
	} catch {
		return undefined;
	}
}

const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

/** A verdict map gives one rule for each element. */
function rulesOf(expressions: readonly Json[], sets: Sets): Rule[] {
	const matches: Match[] = [];
	const text = expressions
		.map(describeStatement)
		.filter((word) => word !== '')
		.join(' ');
	let verdict: Verdict = { kind: 'continue' };
	for (const expression of expressions.filter(isObject)) {
		const { match, vmap } = expression;
		if (isObject(match)) matches.push(...matchesOf(match, sets));
		if (isObject(vmap))
			return mapped(vmap, sets).map((rule) => ({ ...rule, matches: [...matches, ...rule.matches], text }));
		if (verdict.kind === 'continue') verdict = verdictOf(expression);
		if ('limit' in expression || 'xt' in expression) matches.push({ kind: 'unknown', words: 'limit', not: false });
	}
	return [{ matches, verdict, text }];
}

function mapped({ key, data }: JsonObject, sets: Sets): Omit<Rule, 'text'>[] {
	const elements =
		typeof data === 'string' ? sets.get(data.replace(/^@/, '')) : isObject(data) ? listOf(data['set']) : [];
	return listOf(elements)
		.filter(Array.isArray)
		.map(([value, verdict]) => ({
			matches: matchesOf({ op: '==', left: key ?? null, right: value ?? null }, sets),
			verdict: isObject(verdict) ? verdictOf(verdict) : { kind: 'continue' },
		}));
}

const KINDS: Readonly<Record<string, Exclude<Verdict['kind'], 'jump' | 'goto'>>> = {
	accept: 'accept',
	drop: 'drop',
	reject: 'drop',
	return: 'return',
	dnat: 'translate',
	redirect: 'translate',
	notrack: 'untrack',
	tproxy: 'steal',
};

function verdictOf(expression: JsonObject): Verdict {
	for (const kind of ['jump', 'goto'] as const) {
		const to = expression[kind];
		if (isObject(to)) return { kind, chain: String(to['target']) };
	}
	const [name = ''] = Object.keys(expression);
	return { kind: KINDS[name] ?? (rewrites(expression) ? 'translate' : 'continue') };
}

/** `tcp dport set 80`: translation without NAT. */
const rewrites = ({ mangle }: JsonObject): boolean =>
	isObject(mangle) &&
	isObject(mangle['key']) &&
	isObject(mangle['key']['payload']) &&
	['dport', 'daddr'].includes(String(mangle['key']['payload']['field']));
