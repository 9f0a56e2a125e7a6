import { existsSync } from 'node:fs';
import type { Loaded } from '../../config/merge-sources.ts';
import type { DaemonContext } from '../../daemon/daemon-context.ts';
import type { MeshDelivery } from '../../daemon/mesh-delivery.ts';
import { adsSocket, makeAdsFolder, removeAdsFolder } from '../../host/ads/ads-folder.ts';
import { createSnapshotStore } from '../../host/files/snapshot-store.ts';
import { systemClock } from '../../lib/clock.ts';
import { refuseTaken } from '../../localapi/listen.ts';
import type { Log } from '../../log.ts';
import { envoyUser } from '../../ruleset/answers.ts';
import type { Counters } from '../../status/counters.ts';
import { isEtcd } from '../../values/etcd-address.ts';
import { nodeId } from '../../values/mesh-node.ts';
import { DEFAULT_DRAIN_MS } from '../../xds/drain-ms.ts';
import { hostOptions } from '../host-options.ts';
import { openDefinitionSource } from './definition-source.ts';
import { runProgram } from './run-program.ts';

type Config = DaemonContext['config'];

/** The mesh of this host's node, once its definitions are read. */
export interface AssembledMesh extends Disposable {
	readonly delivery: MeshDelivery;
	/** Disposing of what it resolves to, also where the daemon cannot start, ends the server and leaves its folder to the next one. */
	readonly serve: (context: DaemonContext) => Promise<ServedMesh>;
}

export interface ServedMesh extends Disposable {
	/** `isKept`: an Envoy goes on, and asks the next daemon. */
	readonly close: (isKept: boolean) => void;
}

/** With a mesh, and no bootstrap of the user's, which comes first. */
export const isMeshed = (config: Config): boolean => config.envoy.config === '' && hasDefinitions(config);

/**
 * The node is named, and its definitions are there, or were when Envoy accepted them: with definitions that are gone for a
 * moment nothing is to go past the mesh.
 */
export const hasDefinitions = ({ mesh: { node, definitions }, stateDirectory }: Config): boolean =>
	node !== undefined &&
	(definitions.some((path) => isEtcd(path) || existsSync(path)) ||
		createSnapshotStore(stateDirectory).read()?.node === nodeId(node));

/** Undefined where there is no mesh: then neither gRPC, protobuf nor what reads definitions is loaded. */
export async function assembleMesh(
	{ config, passThrough }: Pick<Loaded, 'config' | 'passThrough'>,
	{ log, counters }: { readonly log: Log; readonly counters: Counters },
): Promise<AssembledMesh | undefined> {
	const { node, parameters } = config.mesh;
	if (node === undefined || !isMeshed(config)) return undefined;
	// Before anything of a daemon that runs here is touched.
	await refuseTaken(config.socket);
	const [{ createCodec }, { createMeshDelivery }] = await Promise.all([
		import('../../host/ads/codec.ts'),
		import('../../daemon/mesh-delivery.ts'),
	]);
	const { stateDirectory, envoy } = config;
	const ending = new AbortController();
	const source = await openDefinitionSource(config.mesh, log, ending.signal);
	const delivery = createMeshDelivery({
		...{ node, log, counters, clock: systemClock, codec: createCodec() },
		drainMs: envoy.runtime === 'none' ? DEFAULT_DRAIN_MS : LONGEST_DRAIN_MS,
		options: hostOptions({ config, passThrough }),
		parameters: new Map(parameters),
		...source,
		snapshots: createSnapshotStore(stateDirectory),
	});
	return {
		delivery,
		serve: (context) => serveAds(delivery, context),
		[Symbol.dispose]: () => ending.abort(),
	};
}

/** With what is under way at its end: above what envoy.drainSeconds can be. */
const LONGEST_DRAIN_MS = 120_000;

async function serveAds(delivery: MeshDelivery, { config, capture }: DaemonContext): Promise<ServedMesh> {
	const { openAdsServer } = await import('../../host/ads/ads-server.ts');
	const { runtime } = config.envoy;
	const path = adsSocket(config.socket);
	const makeFolder = () => makeAdsFolder(path, { runtime, uid: envoyUser(capture) }, runProgram);
	const server = await openAdsServer(path, makeFolder, delivery.open);
	return {
		close(isKept) {
			server.close();
			// Somebody else's Envoy goes on, and may have it mounted.
			if (!isKept && runtime !== 'none') removeAdsFolder(path);
		},
		[Symbol.dispose]: server.close,
	};
}
