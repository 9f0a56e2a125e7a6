import type { IpSet, SetKind } from '../../firewall/iptables/ip-set.ts';
import { bytesOf, showAddress } from '../../values/cidr.ts';
import {
	type Attribute,
	attributesOf,
	eachAttribute,
	formatAttribute,
	HEADER_BYTES,
	textOf,
} from '../netlink/attributes.ts';

/** NFNL_SUBSYS_IPSET << 8 | IPSET_CMD_… (linux/netfilter/ipset/ip_set.h). */
const command = (number: number): number => (6 << 8) | number;
export const CREATE = command(2);
export const DESTROY = command(3);
export const RENAME = command(5);
export const SWAP = command(6);
export const LIST = command(7);
export const ADD = command(9);
export const TYPE = command(13);

/** IPSET_ATTR_…: of a command, of a set or an entry, of an address. */
const PROTOCOL = 1;
const NAME = 2;
const TYPE_NAME = 3;
const OTHER_NAME = 3;
const REVISION = 4;
const FAMILY = 5;
const FLAGS = 6;
const DATA = 7;
const ENTRIES = 8;
const LINE = 9;
const IP = 1;
const CIDR = 3;
const PORT = 4;
const PORT_TO = 5;
const MAX_ELEMENTS = 19;
const REFERENCES = 25;

/** NLA_F_NESTED. */
const NESTED = 0x8000;
/** NLA_F_NET_BYTEORDER: big-endian, as all numbers of ipset. */
const BIG_ENDIAN = 0x4000;
/** IPSET_PROTOCOL since Linux 4.20, IPSET_PROTOCOL_MIN before. */
const VERSION = 6;
/** IPSET_FLAG_LIST_HEADER. */
const WITHOUT_ENTRIES = 4;
/** sizeof(struct nfgenmsg), whose first byte is the family. */
const FIXED_BYTES = 4;

/** struct nfgenmsg, NFPROTO_IPV4, NFPROTO_IPV6. A bitmap:port has none. */
const AF: Readonly<Record<SetKind, number>> = { ipv4: 2, ipv6: 10, ports: 0 };
const typeNameOf = (kind: SetKind): string => (kind === 'ports' ? 'bitmap:port' : 'hash:net');

const text = (kind: number, value: string): Attribute => [kind, Buffer.from(`${value}\0`)];
const byte = (kind: number, value: number): Attribute => [kind, Buffer.from([value])];
const short = (kind: number, value: number): Attribute => [kind | BIG_ENDIAN, Buffer.from([value >> 8, value & 0xff])];

function long(kind: number, value: number): Attribute {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32BE(value);
	return [kind | BIG_ENDIAN, bytes];
}

const message = (...attributes: readonly Attribute[]): Buffer[] => [
	Buffer.alloc(FIXED_BYTES),
	...[byte(PROTOCOL, VERSION), ...attributes].map(formatAttribute),
];

export const listHeaders = (): Buffer[] => message(long(FLAGS, WITHOUT_ENTRIES));
export const named = (name: string): Buffer[] => message(text(NAME, name));
export const namedTwice = (name: string, other: string): Buffer[] => message(text(NAME, name), text(OTHER_NAME, other));
/** Whether the kernel has the type; loads its module. */
export const askType = (kind: SetKind): Buffer[] => message(text(TYPE_NAME, typeNameOf(kind)), byte(FAMILY, AF[kind]));

/** Of the first revision, which every kernel has. */
export function creation(name: string, kind: SetKind, maxElements: number): Buffer[] {
	const data = kind === 'ports' ? [short(PORT, 0), short(PORT_TO, 65_535)] : [long(MAX_ELEMENTS, maxElements)];
	return message(...[text(NAME, name), text(TYPE_NAME, typeNameOf(kind)), byte(REVISION, 0), byte(FAMILY, AF[kind])], [
		DATA,
		data,
	]);
}

/** An attribute has at most 64 KiB, and an entry takes up to 36 bytes. */
const MOST_ENTRIES = 1_000;

/** The messages that add the entries. */
export function additions(name: string, { kind, entries }: Pick<IpSet, 'kind' | 'entries'>): Buffer[][] {
	const parts: Buffer[][] = [];
	for (let at = 0; at < entries.length; at += MOST_ENTRIES) {
		const bytes = Buffer.concat(entries.slice(at, at + MOST_ENTRIES).map((entry) => entryOf(kind, entry)));
		parts.push(message(text(NAME, name), [LINE, Buffer.alloc(4)], [ENTRIES | NESTED, bytes]));
	}
	return parts;
}

const NOTHING = Buffer.alloc(0);
const network = (inner: number, bytes: number): Buffer =>
	formatAttribute([DATA, [[IP, [[inner | BIG_ENDIAN, Buffer.alloc(bytes)]]], byte(CIDR, 0)]]);

/** Each entry is a copy with its numbers filled in: to put thousands together from objects takes ten times as long. */
const blanks: Readonly<Record<SetKind, Buffer>> = {
	ipv4: network(1, 4),
	ipv6: network(2, 16),
	ports: formatAttribute([DATA, [short(PORT, 0), short(PORT_TO, 0)]]),
};
/** Where these are in a blank: the address, and the prefix behind it; both ports. */
const ADDRESS_AT = 12;
const BITS_AT = { ipv4: 20, ipv6: 32 } as const;
const PORTS_AT = [8, 16] as const;

function entryOf(kind: SetKind, entry: string): Buffer {
	const bytes = Buffer.from(blanks[kind]);
	if (kind === 'ports') {
		const [from = '', to = from] = entry.split('-');
		bytes.writeUInt16BE(Number(from), PORTS_AT[0]);
		bytes.writeUInt16BE(Number(to), PORTS_AT[1]);
		return bytes;
	}
	const [address = '', bits] = entry.split('/');
	bytes.set(bytesOf(kind, address), ADDRESS_AT);
	bytes.writeUInt8(Number(bits), BITS_AT[kind]);
	return bytes;
}

/** A set as one part of a list tells it; the entries of a long one are in several parts. */
export interface SetPart {
	readonly name: string;
	/** Its type is that of the kind. */
	readonly is: (kind: SetKind) => boolean;
	/** Rules that use it; undefined where the part does not say. */
	readonly references: number | undefined;
	/** As received: the same for the same entries as long as nobody changes the set. */
	readonly entries: Buffer;
}

export function parsePart(body: Buffer): SetPart {
	const attributes = attributesOf(body.subarray(FIXED_BYTES));
	const header = attributesOf(attributes.get(DATA));
	const type = textOf(attributes.get(TYPE_NAME));
	const family = attributes.get(FAMILY)?.[0] ?? 0;
	return {
		name: textOf(attributes.get(NAME)),
		is: (kind) => type === typeNameOf(kind) && (kind === 'ports' || family === AF[kind]),
		references: header.get(REFERENCES)?.readUInt32BE(),
		entries: attributes.get(ENTRIES) ?? NOTHING,
	};
}

/** As firewall/iptables/ip-set.ts spells networks, and each port by itself. Parsed in place, as there may be thousands. */
export function parseEntries(kind: SetKind, bytes: Buffer): string[] {
	const found: string[] = [];
	eachAttribute(bytes, 0, bytes.length, (_, start, end) => found.push(parseEntry(kind, bytes, start, end)));
	return found;
}

function parseEntry(kind: SetKind, bytes: Buffer, start: number, end: number): string {
	const told = { port: 0, address: '', bits: kind === 'ipv4' ? 32 : 128 };
	eachAttribute(bytes, start, end, (attribute, from, to) => {
		if (kind === 'ports') {
			if (attribute === PORT) told.port = bytes.readUInt16BE(from);
		} else if (attribute === IP) told.address = showAddress(kind, [...bytes.subarray(from + HEADER_BYTES, to)]);
		else if (attribute === CIDR) told.bits = bytes[from] ?? 0;
	});
	return kind === 'ports' ? String(told.port) : `${told.address}/${told.bits}`;
}
