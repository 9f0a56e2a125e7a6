import { BlockList, isIPv4, SocketAddress } from 'node:net';
import { quote } from '../lib/escape.ts';
import { type Family, parseEach, unique } from './units.ts';

/** A network: host bits are zero, the address is spelt as by inet_ntop(3). Only `parseCidr` makes one. */
export interface Cidr {
	readonly family: Family;
	readonly address: string;
	readonly bits: number;
}

export const CIDRS_ALLOWED = 'IPv4 and IPv6 addresses and networks such as 10.0.0.0/8, separated by commas';

export const parseCidrs = (text: string): Cidr[] => unique(parseEach(text, parseCidr), showCidr);

export const showCidr = ({ address, bits }: Cidr): string => `${address}/${bits}`;

/** A test whether an address, spelt as by inet_ntop(3), is in one of the networks. */
export function holderOf(cidrs: readonly Cidr[]): (address: string) => boolean {
	const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
	for (const { family, address, bits } of cidrs) lists[family].addSubnet(address, bits, family);
	return (other) => {
		const family = familyOf(other);
		return family !== undefined && lists[family].check(other, family);
	};
}

export function parseCidr(text: string): Cidr {
	const [, address = '', bits] = /^([0-9A-Fa-f:.]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
	const family = familyOf(address);
	if (family === undefined) throw new Error(`${quote(text)} is not an address or network${hintOfAddress(text)}`);
	const most = family === 'ipv4' ? 32 : 128;
	const prefix = Number(bits ?? most);
	if (prefix > most) throw new Error(`${quote(text)} has a prefix longer than ${most} bits`);
	const bytes = bytesOf(family, address);
	if (isMapped(bytes)) throw new Error(`${quote(text)} is an IPv4 address in IPv6 form; write the IPv4 address`);
	return { family, address: showAddress(family, masked(bytes, prefix)), bits: prefix };
}

/** One notice per network that was written with host bits, which are cleared. */
export function maskedCidrs(text: string): string[] {
	return parseEach(text, (element) => {
		const cidr = parseCidr(element);
		const [address = '', bits] = element.split('/');
		const isSame = bits === undefined || parseCidr(address).address === cidr.address;
		return isSame ? [] : [`${element} has host bits set, using ${showCidr(cidr)}`];
	}).flat();
}

function familyOf(address: string): Family | undefined {
	if (isIPv4(address)) return 'ipv4';
	return isIpv6(address) ? 'ipv6' : undefined;
}

/** By the system's inet_pton(3): the pattern of Node's own isIPv6() takes 5 ms to compile, in each start of a command. */
function isIpv6(address: string): boolean {
	try {
		new SocketAddress({ address, family: 'ipv6' });
		return true;
	} catch {
		return false;
	}
}

function hintOfAddress(text: string): string {
	if (text.includes('%')) return '; a zone cannot be matched, remove it';
	if (/[g-z]/i.test(text)) return '; host names are not resolved, as their addresses change';
	return '';
}

/** 4 or 16 bytes. */
export function bytesOf(family: Family, address: string): number[] {
	if (family === 'ipv4') return address.split('.').map(Number);
	// A dotted tail is two groups more (RFC 4291, 2.2).
	const groups = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => `${hex(a, b)}:${hex(c, d)}`);
	const [head = '', tail] = groups.split('::');
	const before = groupsOf(head);
	const after = groupsOf(tail ?? '');
	const zeros = new Array<number>(8 - before.length - after.length).fill(0);
	return [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]);
}

const hex = (high: string, low: string): string => (Number(high) * 256 + Number(low)).toString(16);

const groupsOf = (text: string): number[] =>
	text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));

/** ::ffff:0:0/96 (RFC 4291, 2.5.5.2): no packet on the wire has such an address. */
const isMapped = (bytes: readonly number[]): boolean =>
	bytes.length === 16 && bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;

const masked = (bytes: readonly number[], prefix: number): number[] =>
	bytes.map((byte, at) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - at * 8))) & 0xff);

/** As inet_ntop(3) spells it. */
export function showAddress(family: Family, bytes: readonly number[]): string {
	if (family === 'ipv4') return bytes.join('.');
	const groups = bytes.flatMap((byte, at) => (at % 2 === 0 ? [byte * 256 + (bytes[at + 1] ?? 0)] : []));
	// The system's own inet_ntop(3), as iptables-save prints it.
	return new SocketAddress({ family, address: groups.map((group) => group.toString(16)).join(':') }).address;
}
