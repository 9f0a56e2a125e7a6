import { setImmediate as nextTurn } from 'node:timers/promises';
import { Failure, failureOf } from '../../failure.ts';
import { attempt } from '../../lib/attempt.ts';
import { quote } from '../../lib/escape.ts';
import type { LoadedMesh } from '../../mesh/load-mesh.ts';
import { nearest } from '../../mesh/nearest.ts';
import { findMeshNode, type MeshNode, nodeId } from '../../values/mesh-node.ts';
import type { AdsStream, Send } from '../../xds/ads-stream.ts';
import { type ReadDefinitions, SAVE_MS } from '../../xds/offer.ts';
import type { CurrentMesh } from '../current-mesh.ts';
import { createFleetNode, type FleetNode, type NodeDependencies } from './fleet-node.ts';
import type { NodeStatus } from './fleet-status.ts';
import type { KnownEnvoy } from './identify.ts';
import type { LoadStream } from './load-reports.ts';

export interface FleetDependencies extends NodeDependencies {
	readonly mesh: CurrentMesh;
}

export interface FleetStream extends Pick<AdsStream, 'drained' | 'close'> {
	/** Throws a Failure where the Envoy is to be refused. */
	readonly receive: (bytes: Uint8Array) => void;
}

/** All Envoys that ask here for their configuration. */
export interface Fleet {
	readonly open: (envoy: KnownEnvoy, send: Send) => FleetStream;
	/** The same for what they report of their load. */
	readonly openReports: (envoy: KnownEnvoy, send: Send) => FleetStream;
	readonly watch: (signal: AbortSignal) => void;
	readonly status: () => readonly NodeStatus[];
}

interface Own {
	readonly deps: FleetDependencies;
	/** By their ids: those whose Envoys have asked. */
	readonly nodes: Map<string, FleetNode>;
	told: ReadonlySet<string>;
}

export function createFleet(deps: FleetDependencies): Fleet {
	const own: Own = { deps, nodes: new Map(), told: new Set() };
	const { decodeRequest } = deps.createCodec();
	return {
		open(envoy, send) {
			let stream: ReturnType<FleetNode['open']> | undefined;
			return {
				receive(bytes) {
					const request = decodeRequest(bytes);
					stream ??= join(own, envoy, request.nodeId).open(envoy.address, send);
					stream.receive(request);
				},
				drained: () => stream?.drained(),
				close: () => stream?.close(),
			};
		},
		openReports(envoy, send) {
			let stream: LoadStream | undefined;
			return {
				receive(bytes) {
					stream ??= join(own, envoy, deps.loadCodec.decodeNodeId(bytes)).openReports(send);
					stream.receive(bytes);
				},
				drained: () => undefined,
				close: () => stream?.close(),
			};
		},
		watch: (signal) => deps.mesh.watch(() => void follow(own), signal),
		status: () => [...own.nodes.values()].map(({ status }) => status()),
	};
}

/** Throws a Failure where it may not be this node, or nothing can be offered to it. */
function join(own: Own, envoy: KnownEnvoy, id = ''): FleetNode {
	const of = findMeshNode(id);
	if (of === undefined)
		throw new Failure(
			'config',
			`from ${envoy.address}: its node.id ${quote(id)} is of no mesh`,
			"Set node.id in Envoy's bootstrap: mesh/MESH/virtualNode/NAME",
		);
	envoy.admit(of);
	const known = own.nodes.get(nodeId(of));
	const startedMs = own.deps.clock.nowMs();
	if (known !== undefined) {
		// With mistakes its Envoys go on with what they have; whoever follows the definitions tells of them.
		attempt(() => known.offer({ ...own.deps.mesh.last(), startedMs }));
		return known;
	}
	const definitions = { ...own.deps.mesh.last(), startedMs };
	refuseUnknown(definitions.loaded, of, envoy);
	const created = createFleetNode(of, own.deps);
	created.offer(definitions);
	own.nodes.set(nodeId(of), created);
	return created;
}

/** With mistakes in them it may be that one of them is why it is not there. */
function refuseUnknown({ catalogs, errors }: LoadedMesh, of: MeshNode, { address }: KnownEnvoy): void {
	if (errors.length > 0 || isThere(catalogs, of)) return;
	const all = catalogs.flatMap(({ mesh, names }) => names(of.kind).map((name) => nodeId({ ...of, mesh, name })));
	const near = nearest(nodeId(of), all);
	const hint = near === undefined ? `there is no ${of.kind} at all: create it` : `did you mean ${near}?`;
	throw new Failure('config', `from ${address}: the definitions have no ${quote(nodeId(of))}`, hint);
}

const isThere = (catalogs: LoadedMesh['catalogs'], { mesh, kind, name }: MeshNode): boolean =>
	catalogs.some((catalog) => catalog.mesh === mesh && catalog.get(kind, name) !== undefined);

async function follow(own: Own): Promise<void> {
	const first = await offerAll(own);
	if (first === undefined || first.size === 0) return tell(own, first);
	await own.deps.clock.sleep(SAVE_MS);
	tell(own, await offerAll(own));
}

/** What is wrong, and for which nodes. */
type Troubles = ReadonlyMap<string, readonly string[]>;

/**
 * One node after the other, each in a turn of its own, so that requests are answered and streams served in between.
 * Undefined: other definitions have followed.
 */
async function offerAll(own: Own): Promise<Troubles | undefined> {
	const definitions = attempt(own.deps.mesh.read);
	if ('error' in definitions) return new Map([[failureOf(definitions.error).message, []]]);
	const troubles = new Map<string, string[]>();
	for (const [id, node] of own.nodes) {
		if (own.deps.mesh.last() !== definitions.value) return undefined;
		if (!node.hasEnvoys()) {
			forget(own, node, definitions.value);
			continue;
		}
		const offered = attempt(() => node.offer(definitions.value));
		if ('error' in offered) {
			const { message } = failureOf(offered.error);
			troubles.set(message, [...(troubles.get(message) ?? []), id]);
		}
		await nextTurn();
	}
	return troubles;
}

/** Nobody asks for it, and it is not there any more. */
function forget(own: Own, { of }: FleetNode, { loaded }: ReadDefinitions): void {
	if (loaded.errors.length === 0 && !isThere(loaded.catalogs, of)) own.nodes.delete(nodeId(of));
}

function tell(own: Own, troubles: Troubles | undefined): void {
	if (troubles === undefined) return;
	for (const [why, nodes] of troubles)
		if (!own.told.has(why)) own.deps.log('error', 'the mesh stays as it was', { why, nodes: nodes.join(', ') });
	own.told = new Set(troubles.keys());
}
