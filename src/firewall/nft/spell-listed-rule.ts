import { isIPv4, isIPv6 } from 'node:net';
import type { Family } from '../../values/units.ts';
import { isObject, type Json, type JsonObject } from '../foreign/nft-json.ts';
import { cgroupWords } from './cgroup-words.ts';
import { addressSet, type Interval, numberOf, numberSet, rangeOfCidr, setOf } from './intervals.ts';

/** What is not spelt is there as JSON, which our words do not have. */
export const isSpelt = (rule: string): boolean => !rule.includes('{"');

/**
 * A rule of `nft --json`, spelt as `renderTable` spells ours and as nft reads it. What ours never have is there as JSON: such
 * a rule is like none of ours.
 */
export function spellRule({ expr, comment }: JsonObject, lists: Lists = new Map()): string {
	const statements = Array.isArray(expr) ? expr : [];
	const words = statements.map((statement) => spellStatement(statement, lists));
	return [...words, ...(comment === undefined ? [] : [`comment "${comment}"`])].join(' ');
}

/** What sets of ours hold, by their names. */
type Lists = ReadonlyMap<string, string>;

function spellStatement(statement: Json, lists: Lists): string {
	const [[kind, value] = ['', null]] = Object.entries(isObject(statement) ? statement : {});
	return spellings[kind]?.(value, lists) ?? JSON.stringify(statement);
}

type Spell = (value: Json, lists: Lists) => string | undefined;

const spellings: Readonly<Record<string, Spell>> = {
	match: (value, lists) => (isObject(value) ? spellMatch(value, lists) : undefined),
	counter: (value) => (typeof value === 'string' ? `counter name "${value}"` : undefined),
	jump: (value) => (isObject(value) ? `jump ${value['target']}` : undefined),
	tproxy: (value) => (isObject(value) ? `tproxy ${value['family']} to :${value['port']}` : undefined),
	dnat: (value) =>
		isObject(value) && Object.keys(value).join() === 'port'
			? `dnat to :${endsOf(value['port'] ?? null).join('-')}`
			: undefined,
	mangle: (value) => (isObject(value) ? spellMark(value) : undefined),
	accept: () => 'accept',
	redirect: (value) => (isObject(value) ? `redirect to :${value['port']}` : undefined),
	return: () => 'return',
	drop: () => 'drop',
};

function spellMark({ key, value }: JsonObject): string | undefined {
	const [[kind, of] = ['', null]] = Object.entries(isObject(key) ? key : {});
	const field = fields[kind]?.(of);
	return field === undefined ? undefined : `${field} set ${value}`;
}

function spellMatch({ op, left, right = null }: JsonObject, lists: Lists): string | undefined {
	const [[kind, value] = ['', null]] = Object.entries(isObject(left) ? left : {});
	// The level is not in what nft prints as JSON.
	if (isCgroup(value) && op === '==' && typeof right === 'string') return cgroupWords(right);
	const field = fields[kind]?.(value);
	const operand = field === undefined ? undefined : spellOperand(field, right, lists);
	if (operand === undefined) return undefined;
	const isPlain = kind !== '&' && (op === '==' || op === 'in');
	return isPlain ? `${field} ${operand}` : `${field} ${op} ${operand}`;
}

const isCgroup = (value: Json): boolean => isObject(value) && value['key'] === 'cgroupv2';

const fields: Readonly<Record<string, (value: Json) => string | undefined>> = {
	payload: (value) => (isObject(value) ? `${value['protocol']} ${value['field']}` : undefined),
	meta: (value) => (isObject(value) ? metaField(String(value['key'])) : undefined),
	ct: (value) => (isObject(value) ? `ct ${value['key']}` : undefined),
	socket: (value) => (isObject(value) ? `socket ${value['key']}` : undefined),
	fib: (value) => (isObject(value) ? `fib ${listOf(value['flags']).join(' . ')} ${value['result']}` : undefined),
	'&': (value) => (Array.isArray(value) && isFlags(value[0]) ? `tcp flags & ${bitsOf(value[1] ?? null)}` : undefined),
};

/** nft leaves out `meta` where a name is known without. */
const metaField = (key: string): string => (key === 'iifname' || key === 'oifname' ? key : `meta ${key}`);

const isFlags = (left: Json | undefined): boolean =>
	isObject(left) && isObject(left['payload']) && left['payload']['field'] === 'flags';

/** `syn`, or `(syn | ack)`. Newer versions nest them. */
function bitsOf(value: Json): string {
	const bits = flattened(value);
	return bits.length === 1 ? bits.join('') : `(${bits.join(' | ')})`;
}

const flattened = (value: Json): string[] => {
	const inner = isObject(value) && Array.isArray(value['|']) ? value['|'] : value;
	return Array.isArray(inner) ? inner.flatMap(flattened) : [String(inner)];
};

const listOf = (value: Json | undefined): string[] => (Array.isArray(value) ? value : [value ?? null]).map(String);

function spellOperand(field: string, right: Json, lists: Lists): string | undefined {
	if (typeof right === 'string' && right.startsWith('@')) return lists.get(right.slice(1));
	if (field.startsWith('tcp flags')) return bitsOf(right);
	if (field.startsWith('ct ')) return listOf(right).join(',');
	const elements = isObject(right) && Array.isArray(right['set']) ? right['set'] : [right];
	const type = typeOf(field);
	if (type !== undefined) return spellElements(type, elements);
	if (/^meta sk[ug]id$/.test(field)) return numbersOf(elements);
	// nft looks names of protocols up in /etc/protocols, which a host may lack.
	if (field === 'meta l4proto' && right === TCP) return 'tcp';
	return setOf(elements.map((element) => (/if(name|kind)$/.test(field) ? `"${element}"` : String(element))));
}

/** IPPROTO_TCP. */
const TCP = 6;

/** Of a set that a rule looks this up in. */
export const typeOf = (field: string): string | undefined =>
	new Map([
		['ip', 'ipv4_addr'],
		['ip6', 'ipv6_addr'],
		['tcp', 'inet_service'],
	]).get(field.replace(/ ([sd]addr|[sd]port)$/, ''));

/** Of a set of this type; undefined where there is more to an element than its value. */
export function spellElements(type: string, elements: readonly Json[]): string | undefined {
	switch (type) {
		case 'ipv4_addr':
			return addressesOf('ipv4', elements);
		case 'ipv6_addr':
			return addressesOf('ipv6', elements);
		case 'inet_service':
			return numbersOf(elements);
		default:
			return undefined;
	}
}

function numbersOf(elements: readonly Json[]): string | undefined {
	const ranges = elements.map((element): Interval<number> => {
		const [from, to] = endsOf(element);
		return { from: Number(from), to: Number(to) };
	});
	return ranges.every(({ from, to }) => Number.isInteger(from) && Number.isInteger(to)) ? numberSet(ranges) : undefined;
}

function addressesOf(family: Family, elements: readonly Json[]): string | undefined {
	const isAddress = (text: Json | undefined): text is string =>
		typeof text === 'string' && (family === 'ipv4' ? isIPv4(text) : isIPv6(text));
	const ranges = elements.map((element): Interval<bigint> | undefined => {
		const { prefix } = isObject(element) ? element : {};
		const [from, to] = isObject(prefix) ? [prefix['addr'], prefix['addr']] : endsOf(element);
		if (!isAddress(from) || !isAddress(to)) return undefined;
		if (isObject(prefix)) return rangeOfCidr({ family, address: from, bits: Number(prefix['len']) });
		return { from: numberOf(family, from), to: numberOf(family, to) };
	});
	const known = ranges.filter((range) => range !== undefined);
	return known.length === ranges.length ? addressSet(family, known) : undefined;
}

function endsOf(element: Json): readonly [Json, Json] {
	const { range } = isObject(element) ? element : {};
	const [from = null, to = null] = Array.isArray(range) ? range : [element, element];
	return [from, to];
}
