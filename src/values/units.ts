import { quote } from '../lib/escape.ts';

/** Ports, ids, interface names. Only the parsers of this file make these values, so nothing downstream checks again. */
export type Port = number & { readonly parsed: 'port' };
export type InterfaceName = string & { readonly parsed: 'interface' };

/** Inclusive. */
export interface PortRange {
	readonly from: Port;
	readonly to: Port;
}

export const single = <T extends number>(value: T): { readonly from: T; readonly to: T } => ({
	from: value,
	to: value,
});

/** User or group ids; inclusive. */
export interface IdRange {
	readonly from: number;
	readonly to: number;
}

/** A name is resolved later, in the host's user or group database. */
export type Id = IdRange | { readonly name: string };

export type Family = 'ipv4' | 'ipv6';
export const families: readonly Family[] = ['ipv4', 'ipv6'];

export type ByFamily<T> = Readonly<Record<Family, T>>;
export const byFamily = <T>(of: (family: Family) => T): ByFamily<T> => ({ ipv4: of('ipv4'), ipv6: of('ipv6') });

/** 0xffffffff is "no id" (-1) for setuid(2), so the largest id is one less. */
const LARGEST_ID = 0xffff_fffe;

export const PORTS_ALLOWED = 'ports from 1 to 65535 and ranges such as 9000-9100, separated by commas';
export const IDS_ALLOWED = 'ids from 0 to 4294967294, ranges such as 1000-1999 and names, separated by commas';
export const INTERFACES_ALLOWED = 'interface names of up to 15 letters, digits, . _ - @, a closing + for any ending';

/** Splits at commas, trims and parses; '' is an empty list. Throws one Error that names all mistakes. */
export function parseEach<T>(text: string, parse: (element: string) => T): T[] {
	if (text.trim() === '') return [];
	const mistakes: string[] = [];
	const values: T[] = [];
	for (const element of text.split(',').map((part) => part.trim())) {
		try {
			if (element === '') throw new Error(`${quote(text)} has an empty element`);
			values.push(parse(element));
		} catch (error) {
			mistakes.push((error as Error).message);
		}
	}
	if (mistakes.length > 0) throw new Error([...new Set(mistakes)].join('; '));
	return values;
}

export function parsePort(text: string): Port {
	if (!isPort(text)) throw new Error(`${quote(text)} is not a port`);
	return Number(text) as Port;
}

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65535;

/** Sorted and merged: the fewest ranges that hold the same ports. */
export function parsePorts(text: string): PortRange[] {
	const ranges = parseEach(text, parsePortRange).sort((a, b) => a.from - b.from);
	const joined: PortRange[] = [];
	for (const range of ranges) {
		const last = joined.at(-1);
		if (last === undefined || range.from > last.to + 1) joined.push(range);
		else joined[joined.length - 1] = { from: last.from, to: Math.max(last.to, range.to) as Port };
	}
	return joined;
}

function parsePortRange(text: string): PortRange {
	const ends = text.split(/[-:]/).map((end) => end.trim());
	if (ends.length === 1) return { from: parsePort(text), to: parsePort(text) };
	if (ends.length > 2 || !ends.every(isPort)) throw new Error(`${quote(text)} is not a range of ports`);
	const [from, to] = ends.map(Number) as [Port, Port];
	if (from > to) throw new Error(`${quote(text)} is a range from high to low`);
	return { from, to };
}

export const holdsPort = (ranges: readonly PortRange[], port: number): boolean =>
	ranges.some(({ from, to }) => from <= port && port <= to);

export function parseIds(text: string): Id[] {
	return unique(parseEach(text, parseId), (id) => JSON.stringify(id));
}

function parseId(text: string): Id {
	if (/^[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?$/.test(text)) return { name: text };
	const [, first, second = first] = /^(\d{1,10})(?:\s*[-:]\s*(\d{1,10}))?$/.exec(text) ?? [];
	const range = { from: Number(first), to: Number(second) };
	if (first === undefined || range.to > LARGEST_ID || range.from > LARGEST_ID)
		throw new Error(`${quote(text)} is not an id, a range or a name`);
	if (range.from > range.to) throw new Error(`${quote(text)} is a range from high to low`);
	return range;
}

/** IFNAMSIZ leaves 15 characters (linux/if.h); `+` is iptables' wildcard, allowed at the end only. */
export function parseInterfaces(text: string): InterfaceName[] {
	return unique(parseEach(text, parseInterface), String);
}

function parseInterface(text: string): InterfaceName {
	if (!/^[A-Za-z0-9_][A-Za-z0-9_.@-]*\+?$/.test(text) || text.length > 15)
		throw new Error(`${quote(text)} is not an interface name`);
	return text as InterfaceName;
}

export function unique<T>(values: readonly T[], key: (value: T) => string): T[] {
	return [...new Map(values.map((value) => [key(value), value])).values()];
}
