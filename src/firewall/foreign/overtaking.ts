import { buildRuleset } from '../../ruleset/build.ts';
import type { Capture } from '../../ruleset/capture.ts';
import { createEvaluator, type Evaluator } from '../../ruleset/evaluate.ts';
import type { Family } from '../../values/units.ts';
import type { Dialect } from '../firewall.ts';
import { ownNat } from '../own-chains.ts';
import { capturedAmong, type Way, waysOf } from './captured-packets.ts';
import { isOfFamily, type Table, type Verdict } from './foreign-rule.ts';
import type { BaseChain, ForeignRules } from './foreign-rules.ts';
import type { Program } from './known-programs.ts';
import { pathsTo } from './packet-paths.ts';
import { tablesOf, unreadOf } from './parse-tables.ts';
import { ownerOf } from './recognise.ts';

/** What is captured, and the dialect of our rules. */
export interface CaptureContext {
	readonly capture: Capture;
	readonly families: readonly Family[];
	readonly dialect: Dialect;
}

/** Somebody's rule that takes captured connections before ours see them. */
export interface Overtaking {
	readonly family: Family;
	readonly kind: Way['kind'];
	/** The port of the first such connection found. */
	readonly port: number | undefined;
	/** `table ip other, chain c (priority -110)`. */
	readonly place: string;
	/** As its tool prints it; '' if it could not be read. */
	readonly rule: string;
	/** Its chain surely comes first. */
	readonly isFirst: boolean;
	/** Undefined: not known. */
	readonly program: Program | undefined;
}

/** NF_IP_PRI_… (linux/netfilter_ipv4.h). */
const CONNTRACK = -200;
const MANGLE = -150;
const NAT = -100;
const RAW = -300;

/** A chain of somebody else that a connection meets before our redirects. */
interface Earlier {
	readonly tool: string;
	readonly family: BaseChain['family'];
	readonly table: string;
	readonly chain: string;
	readonly priority: number;
	/** Surely; else perhaps. */
	readonly isFirst: boolean;
}

export function findOvertaking(others: ForeignRules, { capture, families, dialect }: CaptureContext): Overtaking[] {
	const tables = tablesOf(others.texts);
	return families.flatMap((family) => {
		const evaluate = createEvaluator(buildRuleset(capture, family), family);
		return waysOf(capture, family).flatMap((way) =>
			earlier(others, family, way.hook, dialect).flatMap((chain): Overtaking[] => {
				const table = tables.find((each) => isSame(each, chain));
				const taking = isUnread(others, chain) ? unread : table && takingIn(table, chain, way, capture, evaluate);
				const about = { family, kind: way.kind, place: placeOf(chain), isFirst: chain.isFirst };
				return taking === undefined ? [] : [{ ...about, ...taking }];
			}),
		);
	});
}

const unread = { port: undefined, rule: '', program: undefined };

/** The first rule there that takes a connection that we capture, and the connection's port. */
function takingIn(table: Table, { chain, priority }: Earlier, way: Way, capture: Capture, evaluate: Evaluator) {
	for (const { matches, rule, chains } of pathsTo(table, chain, takesAt(priority), way.packet)) {
		const packet = capturedAmong(matches, way, capture, evaluate);
		if (packet !== undefined)
			return { port: packet.port, rule: rule.text, program: ownerOf(table, chains, [rule.text]) };
	}
	return undefined;
}

/** `notrack` works only before conntrack. */
const takesAt =
	(priority: number) =>
	({ kind }: Verdict): boolean =>
		kind === 'translate' || kind === 'steal' || (kind === 'untrack' && priority < CONNTRACK);

const isSame = (table: Table, { tool, family, table: name }: Earlier): boolean =>
	table.name === name &&
	table.family === family &&
	(table.tool === tool || (tool === 'nft' && table.tool !== 'iptables-legacy'));

const isUnread = ({ texts }: ForeignRules, { tool, family, table }: Earlier): boolean =>
	tool === 'nft' && unreadOf(texts).some((text) => text.family === family && text.table === table);

export const placeOf = ({ tool, family, table, chain, priority }: Omit<Earlier, 'isFirst'>): string =>
	tool === 'nft'
		? `table ${family} ${table}, chain ${chain} (priority ${priority})`
		: `${tool}, table ${table}, chain ${chain}`;

function earlier(others: ForeignRules, family: Family, hook: Way['hook'], dialect: Dialect): Earlier[] {
	const own = ownTime(others, family, hook, dialect);
	if (own === undefined) return [];
	const { priority, isOwn } = ownNat[dialect];
	const chains = others.chains.filter(
		(chain) => chain.hook === hook && isOfFamily(chain, family) && chain.rules > 0 && !isOwn(chain, hook),
	);
	return [
		...chains.filter(isBefore(own, priority)).map((chain) => ({
			...{ tool: 'nft', family: chain.family, table: chain.table, chain: chain.chain, priority: chain.priority },
			isFirst: chain.priority < priority || chain.seen > own,
		})),
		...legacyEarlier(others, family, hook, dialect, own),
	];
}

const isBefore =
	(own: number, ownPriority: number) =>
	({ type, priority, seen }: BaseChain): boolean =>
		priority < ownPriority || (type === 'nat' && priority === ownPriority && seen >= own);

/** When our chain was first seen; undefined: it does not exist. */
function ownTime(others: ForeignRules, family: Family, hook: Way['hook'], dialect: Dialect): number | undefined {
	if (dialect === 'iptables-legacy') return others.legacyNat[family];
	return others.chains.find((chain) => isOfFamily(chain, family) && ownNat[dialect].isOwn(chain, hook))?.seen;
}

/** Its tables raw and mangle come before any nat; its nat does where it was registered after ours. */
function legacyEarlier(
	others: ForeignRules,
	family: Family,
	hook: Way['hook'],
	dialect: Dialect,
	own: number,
): Earlier[] {
	const of = { tool: 'iptables-legacy', family: family === 'ipv4' ? 'ip' : 'ip6', chain: hook.toUpperCase() } as const;
	const nat = others.legacyNat[family];
	const isNatBefore = dialect === 'iptables-nft' && nat !== undefined && nat >= own;
	return [
		{ ...of, table: 'raw', priority: RAW, isFirst: true },
		{ ...of, table: 'mangle', priority: MANGLE, isFirst: true },
		...(isNatBefore ? [{ ...of, table: 'nat', priority: NAT, isFirst: nat > own }] : []),
	];
}
