import { failureOf } from '../failure.ts';
import { type Clock, timeOf } from '../lib/clock.ts';
import type { Log } from '../log.ts';
import { type DefinitionFile, loadMesh } from '../mesh/load-mesh.ts';
import type { Fact } from '../status/conditions.ts';
import type { Counters } from '../status/counters.ts';
import type { MeshStatus } from '../status/types.ts';
import { type MeshNode, nodeId, parseMeshNode } from '../values/mesh-node.ts';
import type { Codec, EncodedSnapshot } from '../xds/encoded.ts';
import { encodeSnapshot } from '../xds/encoded.ts';
import { createHub, type Hub, type HubEvent } from '../xds/hub.ts';
import { applicationPorts, nodeSnapshot, snapshotText } from '../xds/node-snapshot.ts';
import type { RenderOptions } from '../xds/render-options.ts';
import type { Snapshot } from '../xds/snapshot.ts';

/** What Envoy acknowledged last, for the next daemon. */
export interface SnapshotStore {
	/** `node`: of which node it is. */
	readonly read: () => { readonly node: string; readonly snapshot: Snapshot } | undefined;
	readonly write: (text: string) => void;
}

export interface MeshDependencies {
	readonly node: MeshNode;
	readonly options: RenderOptions;
	/** For what the definitions leave open. */
	readonly parameters: ReadonlyMap<string, string>;
	/** Throws a Failure where they cannot be read. */
	readonly readDefinitions: () => readonly DefinitionFile[];
	/** Calls back after each change, until the signal is aborted. */
	readonly watchDefinitions: (onChange: () => void, signal: AbortSignal) => void;
	readonly snapshots: SnapshotStore;
	readonly codec: Codec;
	readonly clock: Clock;
	readonly log: Log;
	readonly counters: Counters;
}

/** Gives Envoy what the definitions say, and knows what became of it. */
export interface MeshDelivery {
	readonly open: Hub['open'];
	/** What a former daemon's Envoy has, then what the definitions say. Throws where there is neither. */
	readonly start: () => void;
	/** Reads the definitions anew. Throws where they have mistakes: then nothing has changed. */
	readonly reload: () => void;
	/** `onPorts`: Envoy has accepted that the application's ports are others now. */
	readonly watch: (onPorts: () => void, signal: AbortSignal) => void;
	/** What Envoy has not accepted yet, and why it does not; '' where all is well. */
	readonly missing: () => string;
	readonly rejected: () => string;
	readonly fact: () => Fact;
	readonly status: () => MeshStatus;
}

interface Delivery {
	readonly deps: MeshDependencies;
	readonly hub: Hub;
	/** What was encoded last, so that only what differs is encoded again. */
	encoded: EncodedSnapshot | undefined;
	files: readonly DefinitionFile[];
	acceptedFiles: readonly DefinitionFile[];
	/** Of what was pushed last, and those that the rules know. */
	pushedPorts: readonly number[];
	ports: readonly number[];
	onPorts: () => void;
	/** Why the definitions on the disk are not in force; '' where they are. */
	trouble: string;
	pushedMs: number;
	acceptedAt: string | undefined;
}

export function createMeshDelivery(deps: MeshDependencies): MeshDelivery {
	const { codec, node, snapshots } = deps;
	const known = snapshots.read();
	const former = known?.node === nodeId(node) ? encodeOrForget(known.snapshot, codec) : undefined;
	const hub = createHub(codec, (event) => onEvent(own, event), { accepted: former, isOurs: (id) => isOf(node, id) });
	const formerPorts = former === undefined || known === undefined ? [] : applicationPorts(known.snapshot);
	const own: Delivery = {
		...{ deps, hub, encoded: former, files: [], acceptedFiles: [], trouble: '' },
		...{ pushedPorts: formerPorts, ports: formerPorts, onPorts: () => undefined },
		...{ pushedMs: 0, acceptedAt: undefined },
	};
	return {
		open: hub.open,
		start() {
			try {
				push(own);
				// The rules of the start know these.
				own.ports = own.pushedPorts;
			} catch (error) {
				if (former === undefined) throw error;
				tell(own, error);
			}
		},
		reload: () => push(own, { isAgain: true }),
		watch(onPorts, signal) {
			own.onPorts = onPorts;
			deps.watchDefinitions(() => onChange(own), signal);
		},
		missing: () => missing(own),
		rejected: () => (hub.state().rejection?.isReverted === false ? (hub.state().rejection?.why ?? '') : ''),
		fact: () => factOf(own),
		status: () => statusOf(own),
	};
}

/** One of another version may have fields that this one does not know. */
function encodeOrForget(snapshot: Snapshot, codec: Codec): EncodedSnapshot | undefined {
	try {
		return encodeSnapshot(snapshot, codec);
	} catch {
		return undefined;
	}
}

/** Whoever asks by the name of this node; AWS's image may give its ARN. */
function isOf(node: MeshNode, id: string): boolean {
	try {
		const asked = parseMeshNode(id);
		return asked !== undefined && nodeId(asked) === nodeId(node);
	} catch {
		return false;
	}
}

/** `isAgain`: also what Envoy has rejected as it is. */
function push(own: Delivery, { isAgain = false }: { readonly isAgain?: boolean } = {}): void {
	const { deps, hub } = own;
	const startedMs = deps.clock.nowMs();
	const files = deps.readDefinitions();
	const snapshot = nodeSnapshot(loadMesh(files, deps.parameters), deps.node, deps.options);
	const encoded = encodeSnapshot(snapshot, deps.codec, own.encoded);
	const { accepted, rejection } = hub.state();
	Object.assign(own, { files, pushedPorts: applicationPorts(snapshot), trouble: '' });
	if (own.encoded !== undefined && isEqual(encoded, own.encoded) && !(isAgain && rejection !== undefined)) {
		if (own.encoded === accepted) own.acceptedFiles = files;
		return;
	}
	Object.assign(own, { encoded, pushedMs: startedMs });
	deps.counters.add('meshPushes', 'pushed');
	hub.update(encoded);
	deps.log('info', 'mesh pushed', { node: nodeId(deps.node), ms: Math.round(deps.clock.nowMs() - startedMs) });
}

const isEqual = (a: EncodedSnapshot, b: EncodedSnapshot): boolean =>
	a.cds === b.cds && a.eds === b.eds && a.lds === b.lds && a.rds === b.rds;

function onChange(own: Delivery): void {
	const attempt = (onFailure: (error: unknown) => void) => {
		try {
			push(own);
		} catch (error) {
			onFailure(error);
		}
	};
	// A file may be half written: it is a mistake if it stays so.
	attempt(() => own.deps.clock.after(SAVE_MS, () => attempt((error) => tell(own, error))));
}

const SAVE_MS = 150;

function tell(own: Delivery, error: unknown): void {
	const { message } = failureOf(error);
	if (own.trouble === message) return;
	own.trouble = message;
	own.deps.counters.add('meshPushes', 'mistaken');
	own.deps.log('error', 'the mesh stays as it was', { why: message });
}

function onEvent(own: Delivery, event: HubEvent): void {
	const { log, counters } = own.deps;
	if (event.kind === 'connected') log('info', 'envoy connected to the mesh', { node: event.node });
	else if (event.kind === 'rejected') {
		counters.add('meshPushes', 'rejected');
		log('error', 'envoy rejected the mesh', { of: event.of, why: event.why, changed: changedOf(own).join(', ') });
	} else if (event.snapshot === own.encoded) {
		// Not what is taken back to after a rejection.
		onAccepted(own, event.snapshot);
	}
}

function onAccepted(own: Delivery, snapshot: EncodedSnapshot): void {
	const { log, clock, snapshots, node } = own.deps;
	const isNew = own.acceptedFiles !== own.files;
	own.acceptedFiles = own.files;
	own.acceptedAt = timeOf(clock);
	if (!isNew) return;
	log('info', 'mesh accepted', { ms: Math.round(clock.nowMs() - own.pushedMs) });
	try {
		snapshots.write(snapshotText(nodeId(node), snapshot));
	} catch (error) {
		log('warn', 'the snapshot was not written', { why: failureOf(error).message });
	}
	if (String(own.ports) === String(own.pushedPorts)) return;
	// Not before: rules that lead to a port which Envoy does not answer for would cut it off.
	own.ports = own.pushedPorts;
	own.onPorts();
}

/** The definitions that Envoy has not accepted as they are now. */
const changedOf = ({ files, acceptedFiles }: Delivery): string[] =>
	files
		.filter(({ path, text }) => !acceptedFiles.some((other) => other.path === path && other.text === text))
		.map(({ path }) => path);

function missing({ hub }: Delivery): string {
	const { connected, settled } = hub.state();
	if (connected === 0) return 'it has not asked for its configuration';
	return settled < connected ? 'it has not accepted all of its configuration' : '';
}

function factOf(own: Delivery): Fact {
	const { rejection } = own.hub.state();
	const subject = 'mesh';
	if (own.trouble !== '')
		return { subject, ok: false, why: own.trouble, remedy: 'Mend them; until then Envoy keeps what it has' };
	if (rejection === undefined) return { subject, ok: true };
	const changed = changedOf(own).join(', ');
	const why = `Envoy rejects it: ${rejection.why}${changed === '' ? '' : `; changed since what it has: ${changed}`}`;
	return { subject, ok: false, why, remedy: 'Mend the definitions; until then Envoy keeps what it has' };
}

function statusOf({ deps, hub, encoded, acceptedAt }: Delivery): MeshStatus {
	const { connected, settled } = hub.state();
	return {
		node: nodeId(deps.node),
		version: encoded?.rds.version ?? '',
		...{ connected, settled, ...(acceptedAt === undefined ? {} : { acceptedAt }) },
	};
}
