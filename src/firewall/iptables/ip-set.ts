import type { Cidr } from '../../values/cidr.ts';
import type { PortRange } from '../../values/units.ts';

/** A set of ipset(8): a list that a rule looks up in one step, however long it is. */
export interface IpSet {
	/** Made from the entries: a rule that names it says what it holds, and a changed list is another set. */
	readonly name: string;
	readonly kind: SetKind;
	/** In a fixed order. */
	readonly entries: readonly string[];
}

export type SetKind = 'ipv4' | 'ipv6' | 'ports';

/** As it is in the kernel. */
export interface InstalledSet extends IpSet {
	/** Some rule uses it, of ours or of somebody else's; then the kernel keeps it. */
	readonly isUsed: boolean;
}

/** How ipset(8) calls the types. */
export const typeOf = (kind: SetKind): string => {
	if (kind === 'ports') return 'bitmap:port range 0-65535';
	return `hash:net family ${kind === 'ipv4' ? 'inet' : 'inet6'}`;
};

/** Two halves for every address, which hash:net does not take (ipset(8)). */
const HALVES = { ipv4: ['0.0.0.0/1', '128.0.0.0/1'], ipv6: ['::/1', '8000::/1'] } as const;

export const networkEntries = (cidrs: readonly Cidr[]): string[] =>
	cidrs
		.flatMap(({ family, address, bits }) => (bits === 0 ? HALVES[family] : [`${address}/${bits}`]))
		.toSorted()
		.filter((entry, at, all) => entry !== all[at - 1]);

export const portEntries = (ports: readonly PortRange[]): string[] => joinRanges(ports);

/** Ranges that touch are one: the kernel keeps single ports. */
function joinRanges(ranges: readonly { readonly from: number; readonly to: number }[]): string[] {
	const joined: { readonly from: number; to: number }[] = [];
	for (const { from, to } of ranges.toSorted((a, b) => a.from - b.from)) {
		const last = joined.at(-1);
		if (last !== undefined && from <= last.to + 1) last.to = Math.max(last.to, to);
		else joined.push({ from, to });
	}
	return joined.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`));
}

/** The names that are ours; a set of another kind than its name says is not. */
export const kindOfName = (name: string): SetKind | undefined => {
	const [, kind] = /^turnout-(ipv4|ipv6|ports)-[0-9a-f]{12}(?:-new)?$/.exec(name) ?? [];
	return kind === 'ipv4' || kind === 'ipv6' || kind === 'ports' ? kind : undefined;
};

/** As `ipset restore` takes them. */
export const renderSets = (sets: readonly IpSet[]): string =>
	sets
		.flatMap(({ name, kind, entries }) => [
			`create ${name} ${typeOf(kind)}${kind === 'ports' ? '' : ` maxelem ${maxElements(entries)}`}`,
			...entries.map((entry) => `add ${name} ${entry}`),
		])
		.map((line) => `${line}\n`)
		.join('');

/** The kernel's default; more where the list needs more. */
const MAX_ELEMENTS = 65_536;
export const maxElements = (entries: readonly string[]): number => Math.max(MAX_ELEMENTS, entries.length);

/** What the program that reads sets needs to know of ours. */
export interface SetNames {
	readonly kindOfName: typeof kindOfName;
	readonly maxElements: typeof maxElements;
	/** In the order and spelling of `IpSet.entries`. */
	readonly ordered: (kind: SetKind, entries: readonly string[]) => readonly string[];
}

export const setNames: SetNames = {
	kindOfName,
	maxElements,
	ordered: (kind, entries) =>
		kind === 'ports' ? joinRanges(entries.map(Number).map((port) => ({ from: port, to: port }))) : entries.toSorted(),
};

/** Back from the text of a checkpoint; lines of anything else are skipped. */
export function parseSets(text: string): IpSet[] {
	const found = new Map<string, { readonly name: string; readonly kind: SetKind; readonly entries: string[] }>();
	for (const [, verb, name = '', rest = ''] of text.matchAll(/^(create|add) (\S+) (\S+).*$/gm)) {
		const kind = kindOfName(name);
		if (verb === 'create' && kind !== undefined) found.set(name, { name, kind, entries: [] });
		if (verb === 'add') found.get(name)?.entries.push(rest);
	}
	return [...found.values()];
}
