import { hasControlCharacters, quote } from '../lib/escape.ts';
import { CIDRS_ALLOWED, maskedCidrs, parseCidrs } from '../values/cidr.ts';
import { isEtcd, parseEtcd, splitDefinitions } from '../values/etcd-address.ts';
import { IMAGE_ALLOWED, parseImage } from '../values/image-reference.ts';
import { MESH_NODE_ALLOWED, parseMeshNode } from '../values/mesh-node.ts';
import { parseNamedValues } from '../values/named-values.ts';
import { LONGEST_SOCKET_PATH } from '../values/socket-path.ts';
import { parseUnits, UNITS_ALLOWED } from '../values/unit-name.ts';
import {
	IDS_ALLOWED,
	INTERFACES_ALLOWED,
	PORTS_ALLOWED,
	parseIds,
	parseInterfaces,
	parsePort,
	parsePorts,
} from '../values/units.ts';
import { PRESETS_ALLOWED, parsePresets } from './presets.ts';

/** One setting: the source of its help, the README's table, its checks and its errors. */
export interface Setting<T> {
	readonly variable: string;
	/** Newer names of the same, which come first. */
	readonly newer?: readonly string[];
	/** As a user would write it; '' is no value. */
	readonly default: string;
	/** Its meaning, for help and tables. */
	readonly doc: string;
	/** The allowed values, for help and errors. */
	readonly allowed: string;
	/** Throws an Error whose message says why the text is invalid. */
	readonly parse: (text: string) => T;
	/** Its variable belongs to AWS's agent: an invalid value there becomes the default, with a notice. */
	readonly isForgiving?: true;
	/** How a valid text was normalized, if it was. */
	readonly notices?: (text: string) => readonly string[];
}

export type Settings = { readonly [key: string]: Setting<unknown> | Settings };

/** The parsed values of a table of settings. */
export type Values<S> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : Values<S[K]> };

export type SettingArgs = readonly [variable: string, standard: string, doc: string];

function setting<T>([variable, standard, doc]: SettingArgs, allowed: string, parse: (text: string) => T): Setting<T> {
	return { variable, default: standard, doc, allowed, parse };
}

export const port = (...args: SettingArgs) =>
	setting(args, 'one port from 1 to 65535', (text) => parsePort(requireText(text)));
export const ports = (...args: SettingArgs) => setting(args, PORTS_ALLOWED, parsePorts);
const withAlways = (always: string, text: string): string => (text.trim() === '' ? always : `${text},${always}`);

/** Ports, to which `always` is added. */
export const portsAnd =
	(always: number) =>
	(...args: SettingArgs) =>
		setting(args, PORTS_ALLOWED, (text) => parsePorts(withAlways(String(always), text)));
export const portsOrAll = (...args: SettingArgs) =>
	setting(args, `* or ${PORTS_ALLOWED}`, (text) => (text.trim() === '*' ? ('*' as const) : parsePorts(text)));
export const cidrs = (...args: SettingArgs) => ({ ...setting(args, CIDRS_ALLOWED, parseCidrs), notices: maskedCidrs });
/** Networks, to which `always` is added. */
export const cidrsAnd =
	(always: string) =>
	(...args: SettingArgs) => ({
		...setting(args, CIDRS_ALLOWED, (text) => parseCidrs(withAlways(always, text))),
		notices: maskedCidrs,
	});
export const ids = (...args: SettingArgs) => setting(args, IDS_ALLOWED, parseIds);
export const units = (...args: SettingArgs) => setting(args, UNITS_ALLOWED, parseUnits);
export const interfaces = (...args: SettingArgs) => setting(args, INTERFACES_ALLOWED, parseInterfaces);
export const presets = (...args: SettingArgs) => setting(args, PRESETS_ALLOWED, parsePresets);
export const flag = (...args: SettingArgs) => setting(args, '1 or 0', parseFlag);

export function choice<const T extends string>(choices: readonly T[]) {
	const allowed = `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
	return (...args: SettingArgs): Setting<T> =>
		setting(args, allowed, (text) => {
			const found = choices.find((one) => one === text.trim());
			if (found === undefined) throw new Error(`${quote(text)} is not one of them`);
			return found;
		});
}

export function whole(least: number, most: number, unit: string) {
	return (...args: SettingArgs): Setting<number> =>
		setting(args, `${unit} from ${least} to ${most}`, (text) => {
			const value = parseNumber(text.trim());
			if (!Number.isInteger(value) || value < least || value > most) throw new Error(`${quote(text)} is not allowed`);
			return value;
		});
}

/** Decimal, or hexadecimal with 0x; anything else is NaN. */
function parseNumber(text: string): number {
	return /^(\d+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : Number.NaN;
}

export const text = (...args: SettingArgs) =>
	setting(args, 'text without control characters', (value) => withoutControls(value.trim()));

export const imageName = (...args: SettingArgs) =>
	setting(args, IMAGE_ALLOWED, (value) => {
		const name = value.trim();
		if (name !== '') parseImage(name);
		return name;
	});

/** Same as Docker's RestrictedNamePattern (daemon/names). */
export const containerName = (...args: SettingArgs) =>
	setting(args, 'letters, digits, _ . and -, at most 100, beginning with a letter or digit', (value) => {
		const name = value.trim();
		if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,99}$/.test(name)) throw new Error(`${quote(value)} is not a container name`);
		return name;
	});

export const socketPath = (...args: SettingArgs) =>
	setting(args, `an absolute path of at most ${LONGEST_SOCKET_PATH} bytes`, (value) => {
		const bytes = Buffer.byteLength(value);
		if (Buffer.byteLength(value.trim()) > LONGEST_SOCKET_PATH) throw new Error(`${quote(value)} has ${bytes} bytes`);
		return parseAbsolute(value);
	});
export const absolutePath = (...args: SettingArgs) => setting(args, 'an absolute path', parseAbsolute);
/** Paths cannot contain commas. */
export const paths = (...args: SettingArgs) =>
	setting(args, 'absolute paths, with commas between them', (value) =>
		value
			.split(',')
			.filter((path) => path.trim() !== '')
			.map(parseAbsolute),
	);
/** Paths, or one etcd that has all. */
export const definitions = (...args: SettingArgs) =>
	setting(args, 'absolute paths, with commas between them, or etcd://HOST:2379,HOST2:2379/PREFIX', (value) => {
		const parts = splitDefinitions(value);
		const [found] = parts.filter(isEtcd);
		if (found === undefined) return parts.map(parseAbsolute);
		if (parts.length > 1) throw new Error(`${quote(found)} stands beside others`);
		parseEtcd(withoutControls(found));
		return [found];
	});
/** The same setting under newer names too. */
export const alsoNamed = <T>(newer: readonly string[], of: Setting<T>): Setting<T> => ({ ...of, newer });

export const meshNode = (...args: SettingArgs) => setting(args, MESH_NODE_ALLOWED, parseMeshNode);

export const pairs = (...args: SettingArgs) => setting(args, 'name=value, with commas between them', parseNamedValues);

export const optionalPath = (...args: SettingArgs) =>
	setting(args, 'an absolute path, or nothing', (value) => (value.trim() === '' ? '' : parseAbsolute(value)));

function parseAbsolute(value: string): string {
	const path = withoutControls(requireText(value));
	if (!path.startsWith('/')) throw new Error(`${quote(value)} does not begin with /`);
	return path;
}

function parseFlag(value: string): boolean {
	const found = { '1': true, true: true, '0': false, false: false, '': false }[value.trim()];
	if (found === undefined) throw new Error(`${quote(value)} is neither 1 nor 0`);
	return found;
}

function requireText(value: string): string {
	if (value.trim() === '') throw new Error('it is empty');
	return value.trim();
}

function withoutControls(value: string): string {
	if (hasControlCharacters(value)) throw new Error(`${quote(value)} has a control character`);
	return value;
}
