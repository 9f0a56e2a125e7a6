import { isObject, type Json, type JsonObject } from '../foreign/nft-json.ts';
import { type NftChain, type NftTable, noTable } from './nft-table.ts';
import { spellRule } from './spell-listed-rule.ts';

/** Our table in what `nft --json list table` prints (libnftables-json(5)); '' is no table. */
export function parseListing(listing: string): NftTable {
	if (listing === '') return noTable;
	const objects = (JSON.parse(listing) as { readonly nftables: readonly JsonObject[] }).nftables;
	const all = (kind: string): JsonObject[] => objects.map((each) => each[kind]).filter(isObject);
	const rules = Map.groupBy(all('rule'), ({ chain }) => String(chain));
	return {
		exists: all('table').length > 0,
		chains: all('chain').map((chain) => chainFrom(chain, rules.get(String(chain['name'])) ?? [])),
		counters: new Map(all('counter').map(({ name, packets }) => [String(name), Number(packets)])),
		others: [...objects.flatMap(otherObjects), ...all('table').flatMap(({ flags }) => flagsOf(flags))],
	};
}

function chainFrom({ name, type, hook, prio, policy }: JsonObject, rules: readonly JsonObject[]): NftChain {
	const base = `type ${type} hook ${hook} priority ${prio}; policy ${policy};`;
	return { name: String(name), ...(hook === undefined ? {} : { base }), rules: rules.map(spellRule) };
}

const KNOWN = ['metainfo', 'table', 'chain', 'rule', 'counter'];

const otherObjects = (object: JsonObject): string[] =>
	Object.entries(object).flatMap(([kind, value]) =>
		KNOWN.includes(kind) || !isObject(value) ? [] : [`${kind} ${value['name'] ?? value['handle']}`],
	);

const flagsOf = (flags: Json | undefined): string[] =>
	flags === undefined ? [] : [`flags ${Array.isArray(flags) ? flags.join(',') : String(flags)}`];
