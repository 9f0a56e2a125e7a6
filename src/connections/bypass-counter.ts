import type { Capture } from '../ruleset/capture.ts';
import type { Family } from '../values/units.ts';
import { requiredDetails, wouldCapture } from './bypassing.ts';
import type { Connections, OpenConnection } from './connections.ts';
import { type Gap, gapOf } from './listener-gaps.ts';

/** Counts and ends connections that bypass Envoy. This is the current capture. */
export interface ActiveCapture {
	/** Identity of the last committed rules: a new object after each change. */
	readonly rules: object;
	readonly capture: Capture;
	readonly families: readonly Family[];
	/** Envoy's listener ports, including those of former settings. */
	readonly ports: ReadonlySet<number>;
}

/** Connections that the rules would capture if they were new, but that bypass Envoy because they were opened before. */
export async function findBypassing(connections: Connections, capturing: ActiveCapture): Promise<OpenConnection[]> {
	const { capture, families, ports } = capturing;
	const open = await connections.open();
	// Sockets first: a connection that is captured meanwhile has its NAT entry by the time of the look-up.
	const details = await connections.details(open, requiredDetails(capture));
	const candidates = wouldCapture(open, capture, families, details);
	if (candidates.length === 0) return [];
	const redirected = await connections.findRedirected(candidates, ports);
	return candidates.filter((connection) => !redirected.has(connection));
}

export interface CutResult {
	readonly ended: number;
	/** Still open. */
	readonly left: number;
	/** Of these: spared because Envoy does not listen where they would arrive. */
	readonly unheard: number;
}

/**
 * Ends bypassing connections, so that clients reconnect through Envoy. Spares the caller's own SSH login (`isSpared`) and
 * connections that would fail if captured (`gaps`).
 */
export async function cutBypassing(
	connections: Connections,
	capturing: ActiveCapture,
	gaps: readonly Gap[],
	isSpared: (connection: OpenConnection) => boolean,
): Promise<CutResult> {
	const found = await findBypassing(connections, capturing);
	const reachable = found.filter((connection) => !findsNoListener(connection, gaps));
	const ended = await connections.end(reachable.filter((connection) => !isSpared(connection)));
	const left = await connections.filterOpen(new Set(found.map(({ cookie }) => cookie)));
	return { ended, left: left.size, unheard: found.length - reachable.length };
}

const findsNoListener = ({ isAccepted, family }: OpenConnection, gaps: readonly Gap[]): boolean =>
	isAccepted
		? gapOf(gaps, 'ingressPort', { from: 'others', family }) !== undefined
		: gapOf(gaps, 'egressPort', { from: 'this host', family }) !== undefined;

export interface BypassCounter {
	/** Number of bypassing connections; 0 without a capture. A failure is passed to `onFailure` and counts as 0. */
	readonly count: (capturing: ActiveCapture | undefined) => Promise<number>;
}

/** While the rules stay, bypassing connections can only end: the set is found once, then only re-counted. */
export function createBypassCounter(connections: Connections, onFailure: (error: unknown) => void): BypassCounter {
	let known: { readonly rules: object; readonly cookies: ReadonlySet<string> } = { rules: {}, cookies: new Set() };
	// The rest of the status is still reported.
	const none = (error: unknown): [] => {
		onFailure(error);
		return [];
	};
	const find = async (capturing: ActiveCapture): Promise<ReadonlySet<string>> =>
		new Set((await findBypassing(connections, capturing).catch(none)).map(({ cookie }) => cookie));
	const refresh = async (capturing: ActiveCapture): Promise<ReadonlySet<string>> => {
		if (known.rules !== capturing.rules) return find(capturing);
		return known.cookies.size === 0 ? known.cookies : connections.filterOpen(known.cookies);
	};
	return {
		async count(capturing) {
			if (capturing === undefined) return 0;
			known = { rules: capturing.rules, cookies: await refresh(capturing) };
			return known.cookies.size;
		},
	};
}
