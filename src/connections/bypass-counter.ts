import type { Capture } from '../ruleset/capture.ts';
import type { Family } from '../values/units.ts';
import { requiredDetails, wouldCapture } from './bypassing.ts';
import type { Connections, OpenConnection } from './connections.ts';
import { type Gap, gapOf } from './listener-gaps.ts';

/** What is captured at the moment. */
export interface ActiveCapture {
	/** Those that were committed last, another object after each change. */
	readonly rules: object;
	readonly capture: Capture;
	readonly families: readonly Family[];
	/** Envoy's, those of former settings too. */
	readonly ports: ReadonlySet<number>;
}

/** Connections that the rules would capture, were they opened now, and that go past Envoy: those opened before. */
export async function findBypassing(connections: Connections, capturing: ActiveCapture): Promise<OpenConnection[]> {
	const { capture, families, ports } = capturing;
	const open = await connections.open();
	// The sockets first: what is captured in between has its translation when it is asked for.
	const asides = await connections.details(open, requiredDetails(capture));
	const candidates = wouldCapture(open, capture, families, asides);
	if (candidates.length === 0) return [];
	const translated = await connections.findRedirected(candidates, ports);
	return candidates.filter((connection) => !translated.has(connection));
}

export interface CutResult {
	readonly ended: number;
	/** Those that are open still. */
	readonly left: number;
	/** Of these: how many were left because they could not come to Envoy if they were opened anew. */
	readonly unheard: number;
}

/**
 * Whoever cuts others off is not to cut off himself, also where the settings capture SSH; nor what works and would not
 * work captured (`gaps`).
 */
export async function cutBypassing(
	connections: Connections,
	capturing: ActiveCapture,
	gaps: readonly Gap[],
	isSpared: (connection: OpenConnection) => boolean,
): Promise<CutResult> {
	const found = await findBypassing(connections, capturing);
	const heard = found.filter((connection) => !isUnheard(connection, gaps));
	const ended = await connections.end(heard.filter((connection) => !isSpared(connection)));
	const left = await connections.filterOpen(new Set(found.map(({ cookie }) => cookie)));
	return { ended, left: left.size, unheard: found.length - heard.length };
}

const isUnheard = ({ isAccepted, family }: OpenConnection, gaps: readonly Gap[]): boolean =>
	isAccepted
		? gapOf(gaps, 'ingressPort', { from: 'others', family }) !== undefined
		: gapOf(gaps, 'egressPort', { from: 'this host', family }) !== undefined;

export interface BypassCounter {
	/** How many there are; undefined captures nothing. What keeps it from being known is told once, and counts as none. */
	readonly count: (capturing: ActiveCapture | undefined) => Promise<number>;
}

/** Which connections go past Envoy does not change while the rules stay, but that they end: found once, then counted. */
export function createBypassCounter(connections: Connections, onFailure: (error: unknown) => void): BypassCounter {
	let known: { readonly rules: object; readonly cookies: ReadonlySet<string> } = { rules: {}, cookies: new Set() };
	// Whatever else a status has to tell is told.
	const none = (error: unknown): [] => {
		onFailure(error);
		return [];
	};
	const find = async (capturing: ActiveCapture): Promise<ReadonlySet<string>> =>
		new Set((await findBypassing(connections, capturing).catch(none)).map(({ cookie }) => cookie));
	const look = async (capturing: ActiveCapture): Promise<ReadonlySet<string>> => {
		if (known.rules !== capturing.rules) return find(capturing);
		return known.cookies.size === 0 ? known.cookies : connections.filterOpen(known.cookies);
	};
	return {
		async count(capturing) {
			if (capturing === undefined) return 0;
			known = { rules: capturing.rules, cookies: await look(capturing) };
			return known.cookies.size;
		},
	};
}
