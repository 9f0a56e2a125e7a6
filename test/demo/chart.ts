// What a demo shows as a table: connections, the states of the host, and who is to answer in each.

export type Phase = 'before' | 'enabled' | 'after update' | 'disabled' | 'after clean';

export type Who = 'app' | 'root' | 'proxyUser' | 'proxyGroup' | 'world' | 'container' | 'meshed';
export type Answerer = 'app' | 'remote' | 'container' | 'shop' | 'dropped' | 'refused' | 'closed';
/** Through which of Envoy's two listeners, seen from the host; or past both. */
export type Way = 'in' | 'out' | 'direct';

export interface Connection {
	readonly who: Who;
	readonly address: string;
	readonly port: number;
}

export interface Expectation {
	readonly by: Answerer;
	readonly way: Way;
}

/** Connections that go the same way, over both families. */
export interface Row {
	readonly title: string;
	readonly connections: readonly Connection[];
	readonly expected: Readonly<Record<Phase, Expectation>>;
}

export interface Group {
	readonly title: string;
	readonly rows: readonly Row[];
}

export interface Column {
	readonly phase: Phase;
	readonly title: string;
	readonly width: number;
}

export interface Chart {
	readonly columns: readonly Column[];
	readonly groups: readonly Group[];
	readonly titleWidth: number;
	/** Of the last line, the sum of what Envoy counted, and what stands there where no Envoy runs. */
	readonly total: { readonly title: string; readonly none: string };
}

export const rowsOf = ({ groups }: Chart): readonly Row[] => groups.flatMap(({ rows }) => rows);
export const phasesOf = ({ columns }: Chart): readonly Phase[] => columns.map(({ phase }) => phase);

export interface Place {
	readonly v4: string;
	readonly v6: string;
}

export const dial = (who: Who, { v4, v6 }: Place, ...toPorts: readonly number[]): Connection[] =>
	toPorts.flatMap((port) => [
		{ who, address: v4, port },
		{ who, address: v6, port },
	]);

/** The same answer in every state; `way` while interception is enabled. */
export function always(by: Answerer, way: Way = 'direct'): Row['expected'] {
	const direct: Expectation = { by, way: 'direct' };
	const enabled: Expectation = { by, way };
	return { before: direct, enabled, 'after update': enabled, disabled: direct, 'after clean': direct };
}

const dropped: Expectation = { by: 'dropped', way: 'direct' };

/** Envoy's own ports, for whoever dials them from outside. */
export const ownPorts: Row['expected'] = {
	...always('refused'),
	enabled: dropped,
	'after update': dropped,
	// Envoy runs and is not guarded: its listener takes the connection, and leads it nowhere.
	disabled: { by: 'closed', way: 'direct' },
};
