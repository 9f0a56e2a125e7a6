import { buildRuleset } from '../../ruleset/build.ts';
import { createEvaluator } from '../../ruleset/evaluate.ts';
import type { Family } from '../../values/units.ts';
import { capturedAmong, type Way, waysOf } from './captured-packets.ts';
import { isOfFamily, type Table, type Verdict } from './foreign-rule.ts';
import type { ForeignRules } from './foreign-rules.ts';
import type { Program } from './known-programs.ts';
import type { CaptureContext, Overtaking } from './overtaking.ts';
import { pathsTo } from './packet-paths.ts';
import { tablesOf } from './parse-tables.ts';
import { ownerOf } from './recognise.ts';

/** Another interceptor whose rules are about connections that we capture. */
export interface Doubled {
	readonly program: Program;
	readonly family: Family;
	readonly way: Way['kind'];
	/** As its tool prints it. */
	readonly rule: string;
	/** Its rules come before ours, surely or perhaps. */
	readonly isFirst: boolean;
	/** Users whose connections it lets out: its proxy's. */
	readonly proxyUids: readonly number[];
}

/** One for each program, family and way. `overtaking`: those of the same rules that come before ours. */
export function findDoubled(
	others: ForeignRules,
	{ capture, families }: CaptureContext,
	overtaking: readonly Overtaking[],
): Doubled[] {
	const tables = tablesOf(others.texts);
	return families.flatMap((family) => {
		const evaluate = createEvaluator(buildRuleset(capture, family), family);
		return waysOf(capture, family).flatMap((way) => {
			const redirects = redirectsOn(others, tables, family, way).filter(
				({ path }) => capturedAmong(path.matches, way, capture, evaluate) !== undefined,
			);
			const found = new Map(redirects.toReversed().map((redirect) => [redirect.program, redirect]));
			return [...found.values()].map(({ program, table, path }): Doubled => {
				const isFirst = overtaking.some(
					(other) => other.program === program && other.family === family && other.kind === way.kind,
				);
				const proxyUids = proxyUidsOf(table, program);
				return { program, family, way: way.kind, rule: path.rule.text, isFirst, proxyUids };
			});
		});
	});
}

/** Whatever of an interceptor hands a connection to a port of this host, in any table that is on the hook. */
function redirectsOn(others: ForeignRules, tables: readonly Table[], family: Family, way: Way) {
	return tables
		.filter((table) => isOfFamily(table, family))
		.flatMap((table) =>
			baseChainsOf(others, table, way.hook).flatMap((chain) =>
				pathsTo(table, chain, isRedirect, way.packet).flatMap((path) => {
					const program = ownerOf(table, path.chains, [path.rule.text]);
					return program?.isInterceptor === true ? [{ program, table, path }] : [];
				}),
			),
		);
}

const isRedirect = ({ kind }: Verdict): boolean => kind === 'translate' || kind === 'steal';

/** The built-in chains of iptables have the names of their hooks. */
function baseChainsOf({ chains }: ForeignRules, { tool, family, name }: Table, hook: Way['hook']): readonly string[] {
	if (tool !== 'nft') return [hook.toUpperCase()];
	const own = chains.filter((each) => each.family === family && each.table === name && each.hook === hook);
	return own.map(({ chain }) => chain);
}

function proxyUidsOf(table: Table, program: Program): readonly number[] {
	const rules = [...table.chains].flatMap(([chain, all]) => (ownerOf(table, [chain]) === program ? all : []));
	const uids = rules.flatMap(({ matches, verdict }) =>
		verdict.kind === 'return'
			? matches.flatMap((match) => (match.kind === 'uid' && !match.not ? match.ranges : []))
			: [],
	);
	return [...new Set(uids.map(({ from }) => from))];
}
