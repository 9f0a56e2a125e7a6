import { buildRuleset } from '../../ruleset/build.ts';
import type { Capture } from '../../ruleset/capture.ts';
import { createEvaluator } from '../../ruleset/evaluate.ts';
import type { Family } from '../../values/units.ts';
import { capturedAmong, type Way, waysOf } from './captured-packets.ts';
import { isOfFamily, type Match, type Packet, type Table, type Verdict } from './foreign-rule.ts';
import type { BaseChain, ForeignRules } from './foreign-rules.ts';
import type { Program } from './known-programs.ts';
import { allMatch, matches } from './match-packet.ts';
import type { CaptureContext } from './overtaking.ts';
import { type Path, pathsTo } from './packet-paths.ts';
import { tablesOf } from './parse-tables.ts';
import { ownerOfRule } from './recognise.ts';
import { type Outcome, outcomeOf } from './walk-table.ts';

/** What the host's firewall does differently with a connection because it is captured. */
export interface Filtered {
	/** `dropped`: the redirected connection is denied; `opened`: a denied connection is let in. */
	readonly kind: 'dropped' | 'opened';
	readonly way: Way['kind'];
	readonly family: Family;
	/** The port that the client dialled. */
	readonly port: number | undefined;
	/** The rule that is the cause, as its tool prints it. */
	readonly rule: string;
	/** Whose it is; undefined: not known. */
	readonly program?: Program | undefined;
}

/** A base chain that filters, and its table. */
interface Filter {
	readonly chain: BaseChain;
	readonly table: Table;
}

/** NF_IP_PRI_NAT_DST (linux/netfilter_ipv4.h): chains before it see the port that was dialled. */
const NAT = -100;
const isEarly = ({ chain }: Filter): boolean => chain.priority < NAT;

export function findFiltered(others: ForeignRules, { capture, families }: Omit<CaptureContext, 'dialect'>): Filtered[] {
	const tables = tablesOf(others.texts);
	return families.flatMap((family) => {
		const filters = filtersOf(others, tables, family);
		return waysOf(capture, family)
			.filter(({ kind }) => kind !== 'from bridges')
			.flatMap((way) => filteredOn(filters, way, capture))
			.map((found) => ({ ...found, program: ownerOfRule(tables, found.rule) }));
	});
}

function filteredOn(filters: readonly Filter[], way: Way, capture: Capture): Filtered[] {
	const about = { way: way.kind, family: way.packet.family };
	const dialled = samplesOf(way, capture).map((packet) => ({
		packet,
		outcomes: outcomesOf(filters, way, packet, capture),
	}));
	const dropped = dialled.find(
		({ outcomes }) => outcomes.before.verdict !== 'drop' && outcomes.after.verdict === 'drop',
	);
	if (dropped !== undefined)
		return [{ ...about, kind: 'dropped', port: dropped.packet.port, rule: textOf(dropped.outcomes.after) }];
	const opened = dialled.filter(({ outcomes }) => outcomes.before.verdict === 'drop' && isUnintended(outcomes.after));
	const denied = deniedOn(filters, way, capture);
	const isReported = ({ outcomes }: (typeof dialled)[number]) =>
		denied.some(({ rule }) => rule === textOf(outcomes.before));
	return [
		...denied,
		...opened
			.filter((each) => !isReported(each))
			.map(({ packet, outcomes }): Filtered => {
				return { ...about, kind: 'opened', port: packet.port, rule: textOf(outcomes.before) };
			}),
	];
}

/** A rule that names the port, the dialled one or Envoy's, lets it in on purpose. */
const isUnintended = ({ verdict, by }: Outcome): boolean =>
	verdict === 'accept' && (by === 'policy' || !by.matches.some(({ kind }) => kind === 'ports'));

const textOf = ({ by }: Outcome): string => (by === 'policy' ? "its chain's policy" : by.text);

function filtersOf({ chains, texts }: ForeignRules, tables: readonly Table[], family: Family): Filter[] {
	const nft = chains.flatMap((chain): Filter[] => {
		const table = tables.find((each) => each.tool !== 'iptables-legacy' && isSame(each, chain));
		return table !== undefined && chain.type === 'filter' && isOfFamily(chain, family) ? [{ chain, table }] : [];
	});
	const isLegacy = texts.some((text) => text.kind === 'saved' && text.dialect === 'iptables-legacy');
	return isLegacy ? [...nft, ...legacyFilters(tables, family)] : nft;
}

const isSame = (table: Table, { family, table: name }: BaseChain): boolean =>
	table.family === family && table.name === name;

/** NF_IP_PRI_… again. */
const PRIORITIES: Readonly<Record<string, number>> = { raw: -300, mangle: -150, filter: 0 };

function legacyFilters(tables: readonly Table[], family: Family): Filter[] {
	const found = tables.filter((table) => table.tool === 'iptables-legacy' && isOfFamily(table, family));
	return found.flatMap((table) =>
		(['prerouting', 'input', 'output'] as const).flatMap((hook): Filter[] => {
			const name = hook.toUpperCase();
			const priority = PRIORITIES[table.name];
			if (priority === undefined || !table.chains.has(name)) return [];
			const chain = { hook, table: table.name, chain: name, type: 'filter', priority, rules: 1, seen: 0 };
			return [{ table, chain: { ...chain, family: table.family, dropsRest: table.dropping.has(name) } }];
		}),
	);
}

const USUAL = { inbound: [80, 443, 8080], outbound: [443] } as const;

/** Captured connections, one for each range of ports. */
function samplesOf({ kind, packet }: Way, { appPorts }: Capture): Packet[] {
	const named = appPorts === '*' ? USUAL.inbound : appPorts.map(({ from }) => from);
	return (kind === 'inbound' ? named : USUAL.outbound).map((port) => ({ ...packet, port, originalPort: port }));
}

/** The packet at one hook, without us and redirected. */
interface Passage {
	readonly hook: 'input' | 'output';
	readonly before: Packet | undefined;
	readonly after: Packet;
}

function passagesOf({ kind }: Way, dialled: Packet, { ingressPort, egressPort }: Capture): Passage[] {
	const redirected = { ...dialled, isTranslated: true };
	if (kind === 'inbound')
		return [{ hook: 'input', before: dialled, after: { ...redirected, port: ingressPort, to: undefined } }];
	const to = dialled.family === 'ipv4' ? '127.0.0.1' : '::1';
	const after = { ...redirected, port: egressPort, to, isToHere: true };
	return [
		{ hook: 'output', before: dialled, after },
		{ hook: 'input', before: undefined, after: { ...after, in: 'lo', uid: undefined } },
	];
}

interface Outcomes {
	readonly before: Outcome;
	readonly after: Outcome;
}
const PASSES: Outcome = { verdict: 'accept', by: 'policy' };

function outcomesOf(filters: readonly Filter[], way: Way, dialled: Packet, capture: Capture): Outcomes {
	const passages = passagesOf(way, dialled, capture);
	// What is dropped before the redirect never gets to it.
	const early = earlyOn(filters, way).map(outcome(dialled));
	const worstOf = (pick: (passage: Passage) => Packet | undefined) =>
		worst([
			...early,
			...passages.flatMap((passage) => {
				const packet = pick(passage);
				return packet === undefined ? [] : at(filters, passage.hook).map(outcome(packet));
			}),
		]);
	return { before: worstOf(({ before }) => before), after: worstOf(({ after }) => after) };
}

/** Filters that see a connection as it was dialled. */
const earlyOn = (filters: readonly Filter[], { hook }: Way): readonly Filter[] =>
	filters.filter((filter) => isEarly(filter) && filter.chain.hook === hook);

/** Filters that see a connection after it was redirected. */
const at = (filters: readonly Filter[], hook: BaseChain['hook']): readonly Filter[] =>
	filters.filter((filter) => filter.chain.hook === hook && !isEarly(filter));

const outcome =
	(packet: Packet) =>
	({ table, chain }: Filter): Outcome =>
		outcomeOf(table, chain.chain, packet, chain.dropsRest);

/** All filters must let it through. Where they do, the one whose rule decided it is told. */
function worst(outcomes: readonly Outcome[]): Outcome {
	const of = (verdict: Outcome['verdict']) => outcomes.find((each) => each.verdict === verdict);
	return of('drop') ?? of('maybe') ?? outcomes.find(({ by }) => by !== 'policy') ?? PASSES;
}

/** fail2ban's chains count as denying also while nobody is banned. */
const isDenial = (verdict: Verdict): boolean =>
	verdict.kind === 'drop' || ('chain' in verdict && /^(f2b|fail2ban)-/.test(verdict.chain));

/** Rules that deny the dialled port, and do not match the redirected connection. */
function deniedOn(filters: readonly Filter[], way: Way, capture: Capture): Filtered[] {
	const { family } = way.packet;
	const evaluate = createEvaluator(buildRuleset(capture, family), family);
	const late = at(filters, way.kind === 'inbound' ? 'input' : 'output');
	const after = pathsIn(late, { ...way.packet, isToHere: true, isTranslated: true });
	const early = pathsIn(earlyOn(filters, way), way.packet);
	return pathsIn(late, way.packet).flatMap(({ filter, path }): Filtered[] => {
		const dialled = capturedAmong(path.matches, way, capture, evaluate);
		const redirected = dialled && passagesOf(way, dialled, capture)[0]?.after;
		if (dialled === undefined || redirected === undefined || !isVoid(path, filter, dialled, redirected)) return [];
		const denies = (packet: Packet) => (other: PathIn) => replaces(other.path, path, packet, { dialled, redirected });
		if (after.some(denies(redirected)) || early.some(denies(dialled))) return [];
		return [{ kind: 'opened', way: way.kind, family, port: dialled.port, rule: path.rule.text }];
	});
}

interface PathIn {
	readonly filter: Filter;
	readonly path: Path;
}

const pathsIn = (filters: readonly Filter[], packet: Packet): readonly PathIn[] =>
	filters.flatMap((filter) =>
		pathsTo(filter.table, filter.chain.chain, isDenial, packet).map((path) => ({ filter, path })),
	);

/** It would have denied the dialled packet, unless an earlier rule accepts it, and does not deny the redirected one. Whom fail2ban bans next is not known. */
const isVoid = ({ matches, rule }: Path, filter: Filter, dialled: Packet, redirected: Packet): boolean =>
	allMatch(matches, redirected) === false && ('chain' in rule.verdict || outcome(dialled)(filter).verdict !== 'accept');

/** Another rule denies this packet under the same conditions, apart from those that the redirect changes. */
function replaces(
	other: Path,
	path: Path,
	packet: Packet,
	{ dialled, redirected }: { readonly dialled: Packet; readonly redirected: Packet },
): boolean {
	const lasts = (match: Match) => matches(match, dialled) === matches(match, redirected);
	const isCondition = ({ kind }: Match) => !['ports', 'state', 'protocol', 'syn'].includes(kind);
	const said = (all: readonly Match[]) => JSON.stringify(all.filter((match) => isCondition(match) && lasts(match)));
	return allMatch(other.matches, packet) !== false && said(other.matches) === said(path.matches);
}
