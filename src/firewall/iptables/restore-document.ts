import type { TableName } from '../../ruleset/model.ts';
import { apart, differences, leftBy } from './diff.ts';
import {
	type BuiltIn,
	type ChainRules,
	type IptablesRules,
	isCapturing,
	type JumpRule,
	markOf,
} from './iptables-rules.ts';

/**
 * One document for `iptables-restore --noflush` that takes our part of the tables from `found` to `wanted`, each
 * table in one commit. Naming a chain empties it (iptables-restore(8)); a jump in a chain of somebody else's is
 * deleted in the kernel's own spelling and put where it belongs. Lines of others do not occur in it. `makes`: the
 * built-in chains of mangle that this document brings into being.
 */
export function renderRestoreDocument(
	found: IptablesRules,
	wanted: IptablesRules,
	makes: readonly BuiltIn[] = [],
): string {
	const mangle = isSameTable('mangle', found, wanted)
		? ''
		: tableDocument('mangle', [
				...makes.map((chain) => `:${markOf(chain)} - [0:0]`),
				...tableLines(within(found, 'mangle'), within(wanted, 'mangle')),
				...leftBy(found, wanted).flatMap((chain) => [
					`-X ${markOf(chain)}`,
					...(found.createdBuiltIns?.[chain] === 'alone' ? [`-X ${chain}`] : []),
				]),
			]);
	const nat = isSameTable('nat', found, wanted)
		? ''
		: tableDocument('nat', tableLines(within(found, 'nat'), within(wanted, 'nat')));
	// Guard before redirects; on the way out the redirects go first.
	return isCapturing(wanted) || !isCapturing(found) ? mangle + nat : nat + mangle;
}

/** Not touched then: the kernel would free each rule and make it anew, and the next commit wait for that. */
const isSameTable = (table: TableName, found: IptablesRules, wanted: IptablesRules): boolean =>
	differences(found, wanted).every((difference) => difference.table !== table);

const within = ({ chains, hooks }: IptablesRules, table: TableName): IptablesRules => ({
	chains: chains.filter((chain) => chain.table === table),
	hooks: hooks.filter((hook) => hook.table === table),
});

/** Rules that are there and are to stay are not touched: what is taken out makes the next commit wait for it. */
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

/** Of one chain: what is missing is put in between what is there, or all of it is written anew. */
function editOf(found: readonly string[] | undefined, { name, rules }: ChainRules) {
	const places = found && matchSubsequence(found, rules);
	if (places === undefined) return { isAnew: true, lines: rules.map((rule) => `-A ${name} ${rule}`) };
	const missing = rules.flatMap((rule, at) => (places.has(at) ? [] : [`-I ${name} ${at + 1} ${rule}`]));
	return { isAnew: false, lines: missing };
}

/** Where those that are there stand among those that are to be; undefined where one does not, or not in this order. */
function matchSubsequence(found: readonly string[], wanted: readonly string[]): ReadonlySet<number> | undefined {
	const { before, is, should } = apart(found, wanted);
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

/** Hooks that stand first in their chain, as they are to, stay; otherwise all are taken out and put in again. */
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
