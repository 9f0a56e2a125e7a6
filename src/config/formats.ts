import { hasControlCharacters, quote } from '../lib/escape.ts';
import { CIDRS_ALLOWED, maskedCidrs, parseCidrs } from '../values/cidr.ts';
import { IMAGE_ALLOWED, parseImage } from '../values/image-reference.ts';
import {
	IDS_ALLOWED,
	INTERFACES_ALLOWED,
	PORTS_ALLOWED,
	parseIds,
	parseInterfaces,
	parsePort,
	parsePorts,
} from '../values/units.ts';

/** One setting: everything its help, the README's table, the checks and the errors are made of. */
export interface Setting<T> {
	readonly variable: string;
	/** As a user would write it; '' is none. */
	readonly default: string;
	/** What it means, for help and tables. */
	readonly doc: string;
	/** What may be written, for help and errors. */
	readonly allowed: string;
	/** Throws an Error whose message says what is wrong with the text. */
	readonly parse: (text: string) => T;
	/** In the variable, which is AWS's: what is not allowed is the default there, and told. */
	readonly isForgiving?: true;
	/** What was taken otherwise than written; the text has been parsed before. */
	readonly notices?: (text: string) => readonly string[];
}

export type Settings = { readonly [key: string]: Setting<unknown> | Settings };

/** What a table of settings holds once it is read. */
export type Values<S> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : Values<S[K]> };

export type Words = readonly [variable: string, standard: string, doc: string];

function setting<T>([variable, standard, doc]: Words, allowed: string, parse: (text: string) => T): Setting<T> {
	return { variable, default: standard, doc, allowed, parse };
}

export const port = (...words: Words) =>
	setting(words, 'one port from 1 to 65535', (text) => parsePort(requireText(text)));
export const ports = (...words: Words) => setting(words, PORTS_ALLOWED, parsePorts);
const withAlways = (always: string, text: string): string => (text.trim() === '' ? always : `${text},${always}`);

/** Ports with one more that is always among them. */
export const portsAnd =
	(always: number) =>
	(...words: Words) =>
		setting(words, PORTS_ALLOWED, (text) => parsePorts(withAlways(String(always), text)));
export const portsOrAll = (...words: Words) =>
	setting(words, `* or ${PORTS_ALLOWED}`, (text) => (text.trim() === '*' ? ('*' as const) : parsePorts(text)));
export const cidrs = (...words: Words) => ({ ...setting(words, CIDRS_ALLOWED, parseCidrs), notices: maskedCidrs });
/** Networks with one more that is always among them. */
export const cidrsAnd =
	(always: string) =>
	(...words: Words) => ({
		...setting(words, CIDRS_ALLOWED, (text) => parseCidrs(withAlways(always, text))),
		notices: maskedCidrs,
	});
export const ids = (...words: Words) => setting(words, IDS_ALLOWED, parseIds);
export const interfaces = (...words: Words) => setting(words, INTERFACES_ALLOWED, parseInterfaces);
export const flag = (...words: Words) => setting(words, '1 or 0', parseFlag);

export function choice<const T extends string>(choices: readonly T[]) {
	const allowed = `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
	return (...words: Words): Setting<T> =>
		setting(words, allowed, (text) => {
			const found = choices.find((one) => one === text.trim());
			if (found === undefined) throw new Error(`${quote(text)} is none of them`);
			return found;
		});
}

export function whole(least: number, most: number, unit: string) {
	return (...words: Words): Setting<number> =>
		setting(words, `${unit} from ${least} to ${most}`, (text) => {
			const value = parseNumber(text.trim());
			if (!Number.isInteger(value) || value < least || value > most) throw new Error(`${quote(text)} is not allowed`);
			return value;
		});
}

/** Decimal, or hexadecimal with 0x; anything else is NaN. */
function parseNumber(text: string): number {
	return /^(\d+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : Number.NaN;
}

export const text = (...words: Words) =>
	setting(words, 'text without control characters', (value) => withoutControls(value.trim()));

export const imageName = (...words: Words) =>
	setting(words, IMAGE_ALLOWED, (value) => {
		const name = value.trim();
		if (name !== '') parseImage(name);
		return name;
	});

/** As Docker has it (RestrictedNamePattern in its daemon/names). */
export const containerName = (...words: Words) =>
	setting(words, 'letters, digits, _ . and -, at most 100, beginning with a letter or digit', (value) => {
		const name = value.trim();
		if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,99}$/.test(name)) throw new Error(`${quote(value)} is no container's name`);
		return name;
	});

/** 107 bytes are what sun_path holds beside its closing zero (unix(7)). */
export const socketPath = (...words: Words) =>
	setting(words, 'an absolute path of at most 107 bytes', (value) => {
		if (Buffer.byteLength(value.trim()) > 107) throw new Error(`${quote(value)} has ${Buffer.byteLength(value)} bytes`);
		return parseAbsolute(value);
	});
export const absolutePath = (...words: Words) => setting(words, 'an absolute path', parseAbsolute);
/** A comma in a path is a comma between two. */
export const paths = (...words: Words) =>
	setting(words, 'absolute paths, with commas between them', (value) =>
		value
			.split(',')
			.filter((path) => path.trim() !== '')
			.map(parseAbsolute),
	);
/** A comma in a value is a comma between two. */
export const pairs = (...words: Words) => setting(words, 'name=value, with commas between them', parsePairs);

function parsePairs(value: string): readonly (readonly [name: string, value: string])[] {
	const pairs = value
		.split(',')
		.filter((part) => part.trim() !== '')
		.map((part): [string, string] => {
			const [, name = '', text = ''] = /^([\w.-]+)=(.*)$/s.exec(withoutControls(part.trim())) ?? [];
			if (name === '') throw new Error(`${quote(part)} is no name=value`);
			return [name, text];
		});
	const names = pairs.map(([name]) => name);
	const twice = names.find((name, at) => names.indexOf(name) !== at);
	if (twice !== undefined) throw new Error(`${quote(twice)} is there twice`);
	return pairs;
}

export const optionalPath = (...words: Words) =>
	setting(words, 'an absolute path, or nothing', (value) => (value.trim() === '' ? '' : parseAbsolute(value)));

function parseAbsolute(value: string): string {
	const path = withoutControls(requireText(value));
	if (!path.startsWith('/')) throw new Error(`${quote(value)} does not begin with /`);
	return path;
}

function parseFlag(value: string): boolean {
	const found = { '1': true, true: true, '0': false, false: false, '': false }[value.trim()];
	if (found === undefined) throw new Error(`${quote(value)} is neither`);
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
