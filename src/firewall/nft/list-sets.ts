import { contentDigits } from '../content-digits.ts';
import type { JsonObject } from '../foreign/nft-json.ts';
import type { ListSet, NftTable } from './nft-table.ts';
import { spellElements, typeOf } from './spell-listed-rule.ts';

type List = Pick<ListSet, 'type' | 'elements'>;

/** Made from what it holds. One that somebody has changed keeps its name: the next is longer then. */
const NAME = /^list_[0-9a-f]{12}_*$/;

/** A name for the list: of the set that has it, or of one that is not there yet. */
export function nameFor(list: List, sets: readonly ListSet[]): string {
	const same = sets.find(({ type, elements }) => type === list.type && elements === list.elements);
	if (same !== undefined) return same.name;
	let name = `list_${contentDigits(`${list.type} ${list.elements}`)}`;
	while (sets.some((set) => set.name === name)) name += '_';
	return name;
}

/** From `nft --json`; undefined where it is none of ours. */
export function listSetFrom(
	{ family: _, table: __, handle: ___, name, type, flags, elem = [], ...more }: JsonObject,
	isUsed: boolean,
): ListSet | undefined {
	const isOurs = NAME.test(String(name)) && String(flags) === 'interval' && Object.keys(more).length === 0;
	const elements = isOurs && Array.isArray(elem) ? spellElements(String(type), elem) : undefined;
	return elements === undefined ? undefined : { name: String(name), type: String(type), elements, isUsed };
}

/** Of single values nft makes a hash in the rule's own transaction, which is whole as soon as the rule is in force. */
const LIST_WITH_RANGES = /\b(ip6? [sd]addr|tcp [sd]port) (\{ [^}]*[-/][^}]* \})/g;
const listFrom = (field = '', elements = ''): List => ({ type: typeOf(field) ?? '', elements });

/** The lists that need a set, each once. */
export function listsOf({ chains }: NftTable): List[] {
	const found = chains
		.flatMap(({ rules }) => rules.flatMap((rule) => [...rule.matchAll(LIST_WITH_RANGES)]))
		.map(([, field, elements]) => listFrom(field, elements));
	return [...new Map(found.map((list) => [`${list.type} ${list.elements}`, list])).values()];
}

/** The rule as nft reads it. */
export const withNames = (rule: string, nameOf: (list: List) => string): string =>
	rule.replace(
		LIST_WITH_RANGES,
		(_, field: string, elements: string) => `${field} @${nameOf(listFrom(field, elements))}`,
	);

/** A rule for each element in place of a set. */
export function oneByOne(rule: string): string[] {
	const [list] = rule.matchAll(LIST_WITH_RANGES);
	const [, , elements] = list ?? [];
	if (elements === undefined) return [rule];
	return elements
		.slice(2, -2)
		.split(', ')
		.flatMap((element) => oneByOne(rule.replace(elements, element)));
}

/** Not where there is one of this name. Filled by itself, as nft 1.0.6 leaves a set empty that it is to create with elements. */
export const createSet = (table: string, name: string, { type, elements }: List): string => {
	const filling = elements.replace('{ ', '{\n\t').replace(' }', '\n}');
	return `create set ${table} ${name} { type ${type}; flags interval; }\nadd element ${table} ${name} ${filling}\n`;
};
