import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Only the parsers of this file make these values, so nothing downstream checks again. */
export type Port = number & { readonly parsed: 'port' };
export type InterfaceName = string & { readonly parsed: 'interface' };

/** Both ends belong to it. */
export interface PortRange {
	readonly from: Port;
	readonly to: Port;
}

/** User or group ids; both ends belong to it. */
export interface IdRange {
	readonly from: number;
	readonly to: number;
}

/** Still to be looked up in the host's user or group database. */
export type Id = IdRange | { readonly name: string };

export type Family = 'ipv4' | 'ipv6';
export const families: readonly Family[] = ['ipv4', 'ipv6'];

/** A network, its host bits zero, its address spelt as inet_ntop(3) spells it. */
export interface Cidr {
	readonly family: Family;
	readonly address: string;
	readonly bits: number;
}

/** 0xffffffff is "no id" (-1) for setuid(2), so the largest id is one less. */
const LARGEST_ID = 0xffff_fffe;

export const PORTS_ALLOWED = 'ports from 1 to 65535 and ranges such as 9000-9100, separated by commas';
export const CIDRS_ALLOWED = 'IPv4 and IPv6 addresses and networks such as 10.0.0.0/8, separated by commas';
export const IDS_ALLOWED = 'ids from 0 to 4294967294, ranges such as 1000-1999 and names, separated by commas';
export const INTERFACES_ALLOWED = 'interface names of up to 15 letters, digits, . _ - @, a closing + for any ending';

/** The elements of a comma list, trimmed; an empty text is an empty list, an empty element is an error. */
export function parseList(text: string): string[] {
	if (text.trim() === '') return [];
	const elements = text.split(',').map((element) => element.trim());
	if (elements.includes('')) throw new Error(`${quoted(text)} has an empty element`);
	return elements;
}

export function parsePort(text: string): Port {
	if (!/^\d{1,5}$/.test(text) || Number(text) < 1 || Number(text) > 65535)
		throw new Error(`${quoted(text)} is no port`);
	return Number(text) as Port;
}

/** Sorted, without overlaps, neighbours joined: the fewest ranges that say the same. */
export function parsePorts(text: string): PortRange[] {
	const ranges = parseList(text)
		.map(parsePortRange)
		.sort((a, b) => a.from - b.from);
	const joined: PortRange[] = [];
	for (const range of ranges) {
		const last = joined.at(-1);
		if (last === undefined || range.from > last.to + 1) joined.push(range);
		else joined[joined.length - 1] = { from: last.from, to: Math.max(last.to, range.to) as Port };
	}
	return joined;
}

function parsePortRange(text: string): PortRange {
	const [first = '', second = first, ...rest] = text.split(/[-:]/).map((end) => end.trim());
	const range = { from: parsePort(first), to: parsePort(second) };
	if (rest.length > 0) throw new Error(`${quoted(text)} is no range of ports`);
	if (range.from > range.to) throw new Error(`${quoted(text)} is a range from high to low`);
	return range;
}

export const holdsPort = (ranges: readonly PortRange[], port: number): boolean =>
	ranges.some(({ from, to }) => from <= port && port <= to);

export function parseCidr(text: string): Cidr {
	const [, address = '', bits] = /^([0-9A-Fa-f:.]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
	const family = familyOf(address);
	if (family === undefined) throw new Error(`${quoted(text)} is no address or network${hintOfAddress(text)}`);
	const most = family === 'ipv4' ? 32 : 128;
	const prefix = Number(bits ?? most);
	if (prefix > most) throw new Error(`${quoted(text)} has a prefix longer than ${most} bits`);
	if (family === 'ipv6' && ipaddr.IPv6.parse(address).isIPv4MappedAddress())
		throw new Error(`${quoted(text)} is an IPv4 address in IPv6 form; write the IPv4 address`);
	return { family, address: networkOf(family, `${address}/${prefix}`), bits: prefix };
}

function familyOf(address: string): Family | undefined {
	if (isIPv4(address)) return 'ipv4';
	return isIPv6(address) ? 'ipv6' : undefined;
}

const networkOf = (family: Family, text: string): string =>
	(family === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(text).toString();

function hintOfAddress(text: string): string {
	if (text.includes('%')) return '; a zone cannot be matched, leave it away';
	if (/[g-z]/i.test(text)) return '; names are not looked up, their addresses change';
	return '';
}

export const parseCidrs = (text: string): Cidr[] => unique(parseList(text).map(parseCidr), showCidr);

export const showCidr = ({ address, bits }: Cidr): string => `${address}/${bits}`;

/** What was written with bits beyond its prefix, and what it was taken as. */
export function maskedCidrs(text: string): string[] {
	return parseList(text).flatMap((element) => {
		const [address = '', bits] = element.split('/');
		const cidr = parseCidr(element);
		const same = bits === undefined || ipaddr.parse(address).toString() === cidr.address;
		return same ? [] : [`${element} has bits beyond its prefix and is taken as ${showCidr(cidr)}`];
	});
}

export function parseIds(text: string): Id[] {
	return unique(parseList(text).map(parseId), (id) => JSON.stringify(id));
}

function parseId(text: string): Id {
	if (/^[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?$/.test(text)) return { name: text };
	const [, first, second = first] = /^(\d{1,10})(?:\s*[-:]\s*(\d{1,10}))?$/.exec(text) ?? [];
	const range = { from: Number(first), to: Number(second) };
	if (first === undefined || range.to > LARGEST_ID || range.from > LARGEST_ID)
		throw new Error(`${quoted(text)} is no id, range or name`);
	if (range.from > range.to) throw new Error(`${quoted(text)} is a range from high to low`);
	return range;
}

/** IFNAMSIZ leaves 15 characters (linux/if.h); `+` is iptables' wildcard, at the end only. */
export function parseInterfaces(text: string): InterfaceName[] {
	return unique(parseList(text).map(parseInterface), String);
}

function parseInterface(text: string): InterfaceName {
	if (!/^[A-Za-z0-9_][A-Za-z0-9_.@-]*\+?$/.test(text) || text.length > 15)
		throw new Error(`${quoted(text)} is no interface name`);
	return text as InterfaceName;
}

function unique<T>(values: readonly T[], key: (value: T) => string): T[] {
	return [...new Map(values.map((value) => [key(value), value])).values()];
}

/** Text from outside, safe to print on a terminal. */
export const quoted = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

/**
 * The mark and table of AWS's own route manager, so that a host that it set up can be taken over. The mark shares no
 * bit with Kubernetes' 0x4000 and 0x8000.
 */
export const PACKET_MARK = 0x1e7700ce;
export const LOCAL_TABLE = 100;
