import type { TableName } from '../../ruleset/model.ts';
import { differences, leftBy, middleOf } from './diff.ts';
import {
	type BuiltIn,
	type ChainRules,
	type IptablesRules,
	isCapturing,
	type JumpRule,
	markOf,
} from './iptables-rules.ts';

/**
 * One document for `iptables-restore --noflush` that takes our part of the tables from `found` to `wanted`, each table in
 * one commit. Declaring a chain empties it (iptables-restore(8)); a jump in a chain that is not ours is deleted in the
 * kernel's own spelling and inserted where it belongs. It has no lines of others. `created`: the built-in chains of mangle
 * that this document creates.
 */
export function renderRestoreDocument(
	found: IptablesRules,
	wanted: IptablesRules,
	created: readonly BuiltIn[] = [],
): string {
	const mangle = isSameTable('mangle', found, wanted)
		? ''
		: tableDocument('mangle', [
				...created.map((chain) => `:${markOf(chain)} - [0:0]`),
				...tableLines(within(found, 'mangle'), within(wanted, 'mangle')),
				...leftBy(found, wanted).flatMap((chain) => [
					`-X ${markOf(chain)}`,
					...(found.createdBuiltIns?.[chain] === 'alone' ? [`-X ${chain}`] : []),
				]),
			]);
	const nat = isSameTable('nat', found, wanted)
		? ''
		: tableDocument('nat', tableLines(within(found, 'nat'), within(wanted, 'nat')));
	return isNatFirst(found, wanted) ? nat + mangle : mangle + nat;
}

/**
 * The guard comes before the redirects, and goes after them. TPROXY of mangle goes once nat redirects instead; both at once do
 * no harm.
 */
function isNatFirst(found: IptablesRules, wanted: IptablesRules): boolean {
	const hasTproxy = ({ chains }: IptablesRules) => chains.some(({ name }) => name === 'APPMESH_TPROXY');
	if (!isCapturing(found)) return false;
	return !isCapturing(wanted) || (hasTproxy(found) && !hasTproxy(wanted));
}

/** Such a table is left alone: the kernel would free and make each rule anew, and the next commit would wait for that. */
const isSameTable = (table: TableName, found: IptablesRules, wanted: IptablesRules): boolean =>
	differences(found, wanted).every((difference) => difference.table !== table);

const within = ({ chains, hooks }: IptablesRules, table: TableName): IptablesRules => ({
	chains: chains.filter((chain) => chain.table === table),
	hooks: hooks.filter((hook) => hook.table === table),
});

/** Rules that stay are not touched: each rule that is deleted makes the next commit wait. */
function tableLines(found: IptablesRules, wanted: IptablesRules): string[] {
	const gone = found.chains.filter(({ name }) => !wanted.chains.some((chain) => chain.name === name));
	const edits = wanted.chains.map((chain) => ({
		name: chain.name,
		...editOf(found.chains.find(({ name }) => name === chain.name)?.rules, chain),
	}));
	const emptied = [...edits.filter(({ isAnew }) => isAnew), ...gone];
	return [
		...emptied.map(({ name }) => `:${name} - [0:0]`),
		...hookLines(found.hooks, wanted.hooks),
		...edits.flatMap(({ lines }) => lines),
		...gone.map(({ name }) => `-X ${name}`),
	];
}

/** One chain: missing rules are inserted between those that are there, or all of it is written anew. */
function editOf(found: readonly string[] | undefined, { name, rules }: ChainRules) {
	const places = found && matchSubsequence(found, rules);
	if (places === undefined) return { isAnew: true, lines: rules.map((rule) => `-A ${name} ${rule}`) };
	const missing = rules.flatMap((rule, at) => (places.has(at) ? [] : [`-I ${name} ${at + 1} ${rule}`]));
	return { isAnew: false, lines: missing };
}

/** The positions of the found rules among the wanted ones; undefined where one is not wanted, or the order differs. */
function matchSubsequence(found: readonly string[], wanted: readonly string[]): ReadonlySet<number> | undefined {
	const { before, is, should } = middleOf(found, wanted);
	const places = new Set(wanted.keys());
	for (const at of should.keys()) places.delete(before + at);
	let last = -1;
	for (const rule of is) {
		last = should.indexOf(rule, last + 1);
		if (last === -1) return undefined;
		places.add(before + last);
	}
	return places;
}

/** Hooks that stand first in their chain, in order, stay; otherwise all are deleted and inserted again. */
function hookLines(found: readonly JumpRule[], wanted: readonly JumpRule[]): string[] {
	const chains = new Set([...found, ...wanted].map(({ chain }) => chain));
	return [...chains].flatMap((chain) => {
		const [are, should] = [found, wanted].map((hooks) => hooks.filter((hook) => hook.chain === chain));
		return hookEdit(are ?? [], should ?? []);
	});
}

function hookEdit(found: readonly JumpRule[], wanted: readonly JumpRule[]): string[] {
	const says = ({ rule }: JumpRule) => rule;
	const isFirst = found.every(({ position }, at) => position === at + 1);
	const places = isFirst ? matchSubsequence(found.map(says), wanted.map(says)) : undefined;
	const added = wanted.filter((_, at) => places?.has(at) !== true);
	return [
		...(places === undefined ? found.map(({ chain, rule }) => `-D ${chain} ${rule}`) : []),
		...added.map(({ chain, position, rule }) => `-I ${chain} ${position} ${rule}`),
	];
}

const tableDocument = (table: TableName, lines: readonly string[]): string =>
	lines.length === 0 ? '' : `*${table}\n${lines.map((line) => `${line}\n`).join('')}COMMIT\n`;
