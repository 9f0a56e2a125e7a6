import type { Match, Ports } from './foreign-rule.ts';
import { describeStatement, isObject, type Json, type JsonObject } from './nft-json.ts';
import { cidrOf } from './parse-saved-tables.ts';

/** Elements of named sets and maps. */
export type Sets = ReadonlyMap<string, readonly Json[]>;

/** The matches of one comparison in nft's JSON; `unknown` for one that we do not understand. */
export function matchesOf({ op, left, right }: JsonObject, sets: Sets): Match[] {
	const words = describeStatement({ match: { op: op ?? '', left: left ?? null, right: right ?? null } });
	const unknown: Match = { kind: 'unknown', words, not: false };
	if (!['==', '!=', 'in'].includes(String(op))) return [unknown];
	return compared(left ?? null, valuesOf(right, sets), op === '!=', unknown);
}

function compared(left: Json, values: readonly Json[], not: boolean, unknown: Match): Match[] {
	if (isObject(left) && Array.isArray(left['concat']))
		return not ? [unknown] : concatenated(left['concat'], values, unknown);
	return [read(left, values, not) ?? unknown];
}

/** Each part may have any value at its place in an element. That allows more combinations than the elements. */
function concatenated(parts: readonly Json[], elements: readonly Json[], unknown: Match): Match[] {
	return parts.flatMap((part, at) => {
		const values = elements.flatMap((element) =>
			isObject(element) && Array.isArray(element['concat']) ? [element['concat'][at] as Json] : [],
		);
		return [read(part, values, false) ?? unknown];
	});
}

function valuesOf(right: Json | undefined, sets: Sets): readonly Json[] {
	if (typeof right === 'string' && right.startsWith('@')) return (sets.get(right.slice(1)) ?? []).map(elementOf);
	if (isObject(right) && Array.isArray(right['set'])) return right['set'].map(elementOf);
	return Array.isArray(right) ? right : [right ?? null];
}

/** Elements with counters, comments or timeouts wrap their value. */
const elementOf = (element: Json): Json =>
	isObject(element) && isObject(element['elem']) ? (element['elem']['val'] ?? null) : element;

function read(left: Json, values: readonly Json[], not: boolean): Match | undefined {
	if (!isObject(left)) return undefined;
	const { payload, meta, ct, fib } = left;
	if (isObject(payload)) return payloadMatch(payload, values, not);
	if (isObject(meta)) return metaMatch(String(meta['key']), values, not);
	if (isObject(ct)) return ctMatch(String(ct['key']), ct['dir'] === 'original', values, not);
	if (isObject(fib) && fib['result'] === 'type' && values.join() === 'local') {
		const end = JSON.stringify(fib['flags']).includes('saddr') ? 'source' : 'destination';
		return { kind: 'local', end, not };
	}
	return JSON.stringify(left).includes('"flags"') && values.join() === 'syn' ? { kind: 'syn', not } : undefined;
}

/** Headers that a TCP packet has; `th` is the transport header of any protocol. */
const HEADERS = ['tcp', 'th', 'ip', 'ip6'];

function payloadMatch({ protocol, field }: JsonObject, values: readonly Json[], not: boolean): Match | undefined {
	if (!HEADERS.includes(String(protocol))) return { kind: 'protocol', names: [String(protocol)], not: false };
	switch (field) {
		case 'dport':
			return portsMatch(values, not, false);
		case 'daddr':
		case 'saddr':
			return addressMatch(field === 'daddr' ? 'to' : 'from', values, not, false);
		case 'protocol':
		case 'nexthdr':
			return { kind: 'protocol', names: values.map(String), not };
		default:
			return undefined;
	}
}

function metaMatch(key: string, values: readonly Json[], not: boolean): Match | undefined {
	const names = values.map(String);
	switch (key) {
		case 'iif':
		case 'iifname':
			return { kind: 'in', names, not };
		case 'oif':
		case 'oifname':
			return { kind: 'out', names, not };
		case 'l4proto':
		case 'nfproto':
			return { kind: 'protocol', names, not };
		case 'skuid': {
			const ranges = rangesOf(values);
			return ranges === undefined ? undefined : { kind: 'uid', ranges, not };
		}
		default:
			return undefined;
	}
}

function ctMatch(key: string, original: boolean, values: readonly Json[], not: boolean): Match | undefined {
	if (key === 'state' || key === 'status') return { kind: 'state', names: values.map(String), not };
	if (key === 'proto-dst' && original) return portsMatch(values, not, true);
	return key.endsWith('daddr') && original ? addressMatch('to', values, not, true) : undefined;
}

function portsMatch(values: readonly Json[], not: boolean, original: boolean): Match | undefined {
	const ranges = rangesOf(values);
	return ranges === undefined ? undefined : { kind: 'ports', ranges, original, not };
}

function addressMatch(
	kind: 'from' | 'to',
	values: readonly Json[],
	not: boolean,
	original: boolean,
): Match | undefined {
	const texts = values.map((value) => {
		const { prefix } = isObject(value) ? value : {};
		return isObject(prefix) ? `${prefix['addr']}/${prefix['len']}` : String(value);
	});
	// firewalld rejects IPv4-mapped IPv6 addresses, which no packet on the wire has.
	const real = texts.filter((text) => !/^::ffff:/i.test(text));
	const cidrs = real.map(cidrOf).filter((cidr) => cidr !== undefined);
	return cidrs.length === real.length ? { kind, cidrs, original, not } : undefined;
}

/** Undefined if one of them is not a number. */
function rangesOf(values: readonly Json[]): readonly Ports[] | undefined {
	const ranges = values.map((value) => {
		const ends = isObject(value) && Array.isArray(value['range']) ? value['range'] : [value, value];
		return { from: Number(ends[0]), to: Number(ends[1]) };
	});
	return ranges.every(({ from, to }) => Number.isInteger(from) && Number.isInteger(to)) ? ranges : undefined;
}
