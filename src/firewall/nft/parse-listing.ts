import { isObject, type Json, type JsonObject } from '../foreign/nft-json.ts';
import { listSetFrom } from './list-sets.ts';
import { type ListSet, type NftChain, type NftTable, noTable } from './nft-table.ts';
import { spellRule } from './spell-listed-rule.ts';

/** Our table in what `nft --json list table` prints (libnftables-json(5)); '' is no table. */
export function parseListing(listing: string): NftTable {
	if (listing === '') return noTable;
	const objects = (JSON.parse(listing) as { readonly nftables: readonly JsonObject[] }).nftables;
	const all = (kind: string): JsonObject[] => objects.map((each) => each[kind]).filter(isObject);
	const sets = all('set').flatMap((set) => listSetFrom(set, listing.includes(`"@${set['name']}"`)) ?? []);
	const lists = new Map(sets.map(({ name, elements }) => [name, elements]));
	const rules = Map.groupBy(all('rule'), ({ chain }) => String(chain));
	return {
		exists: all('table').length > 0,
		chains: all('chain').map((chain) => chainFrom(chain, rules.get(String(chain['name'])) ?? [], lists)),
		counters: new Map(all('counter').map(({ name, packets }) => [String(name), Number(packets)])),
		sets,
		others: [
			...objects.flatMap((object) => otherObjects(object, sets)),
			...all('table').flatMap(({ flags }) => flagsOf(flags)),
		],
	};
}

function chainFrom(
	{ name, type, hook, prio, policy }: JsonObject,
	rules: readonly JsonObject[],
	lists: ReadonlyMap<string, string>,
): NftChain {
	const base = `type ${type} hook ${hook} priority ${prio}; policy ${policy};`;
	const spelt = rules.map((rule) => spellRule(rule, lists));
	return { name: String(name), ...(hook === undefined ? {} : { base }), rules: spelt };
}

const KNOWN = ['metainfo', 'table', 'chain', 'rule', 'counter'];

const otherObjects = (object: JsonObject, sets: readonly ListSet[]): string[] =>
	Object.entries(object).flatMap(([kind, value]) =>
		KNOWN.includes(kind) || !isObject(value) || (kind === 'set' && sets.some(({ name }) => name === value['name']))
			? []
			: [`${kind} ${value['name'] ?? value['handle']}`],
	);

const flagsOf = (flags: Json | undefined): string[] =>
	flags === undefined ? [] : [`flags ${Array.isArray(flags) ? flags.join(',') : String(flags)}`];
