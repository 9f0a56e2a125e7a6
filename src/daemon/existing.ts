import type { Connections, OpenConnection } from '../ports.ts';
import type { Capture } from '../ruleset/capture.ts';
import { type Asides, capturable, needsGroups, needsInterfaces } from '../ruleset/existing.ts';
import type { Family } from '../units.ts';

/** What is captured at the moment. */
export interface Capturing {
	/** Those that were committed last, another object after each change. */
	readonly rules: object;
	readonly capture: Capture;
	readonly families: readonly Family[];
	/** Envoy's, those of former settings too. */
	readonly ports: ReadonlySet<number>;
}

/** Connections that the rules would capture, were they opened now, and that go past Envoy: those opened before. */
export async function findExisting(connections: Connections, capturing: Capturing): Promise<OpenConnection[]> {
	const { capture, families, ports } = capturing;
	const open = await connections.open();
	// The sockets first: what is captured in between has its translation when it is asked for.
	const candidates = capturable(open, capture, families, await asidesOf(connections, open, capture));
	if (candidates.length === 0) return [];
	const translated = await connections.translated(candidates, ports);
	return candidates.filter((connection) => !translated.has(connection));
}

/** Looked up only where the settings ask for it. */
async function asidesOf(connections: Connections, open: readonly OpenConnection[], capture: Capture): Promise<Asides> {
	const groups = needsGroups(capture) ? connections.groups() : new Map<string, number>();
	const interfaces = new Map<string, string | undefined>();
	for (const { family, remote } of needsInterfaces(capture) ? open : [])
		if (!interfaces.has(remote.address))
			interfaces.set(remote.address, await connections.interfaceTo(family, remote.address));
	return {
		groupOf: ({ inode }) => groups.get(inode),
		interfaceOf: ({ remote }) => interfaces.get(remote.address),
	};
}

export interface Cut {
	readonly ended: number;
	/** Those that could not be ended. */
	readonly left: number;
}

export async function cutExisting(connections: Connections, capturing: Capturing): Promise<Cut> {
	let ended = 0;
	const found = await findExisting(connections, capturing);
	for (const connection of found) if (await connections.end(connection)) ended += 1;
	return { ended, left: found.length - ended };
}

export interface Existing {
	/** How many there are; undefined captures nothing. */
	readonly count: (capturing: Capturing | undefined) => Promise<number>;
}

/** Which connections go past Envoy does not change while the rules stay, but that they end: found once, then counted. */
export function createExisting(connections: Connections): Existing {
	let known: { readonly rules: object; readonly cookies: ReadonlySet<string> } = { rules: {}, cookies: new Set() };
	const stillOpen = async ({ cookies }: typeof known) =>
		cookies.size === 0 ? [] : (await connections.open()).filter(({ cookie }) => cookies.has(cookie));
	return {
		async count(capturing) {
			if (capturing === undefined) return 0;
			const { rules } = capturing;
			const open = known.rules === rules ? await stillOpen(known) : await findExisting(connections, capturing);
			known = { rules, cookies: new Set(open.map(({ cookie }) => cookie)) };
			return open.length;
		},
	};
}
