import { existsSync } from 'node:fs';
import type { DaemonContext } from '../../daemon/daemon-context.ts';
import { createMeshDelivery, type MeshDelivery } from '../../daemon/mesh-delivery.ts';
import { adsSocket, makeAdsFolder, removeAdsFolder } from '../../host/ads/ads-folder.ts';
import { hasIpv6Sockets } from '../../host/facts.ts';
import { readDefinitions } from '../../host/files/definitions.ts';
import { createSnapshotStore } from '../../host/files/snapshot-store.ts';
import { watchDefinitions } from '../../host/files/watch-definitions.ts';
import { systemClock } from '../../lib/clock.ts';
import { refuseTaken } from '../../localapi/listen.ts';
import type { Log } from '../../log.ts';
import { envoyUser } from '../../ruleset/answers.ts';
import type { Counters } from '../../status/counters.ts';
import { nodeId } from '../../values/mesh-node.ts';
import { adsBootstrap } from '../../xds/ads-bootstrap.ts';
import type { JsonObject } from '../../xds/snapshot.ts';
import { type EnvoyVariables, variableOptions } from '../../xds/variable-parts.ts';
import { runProgram } from './run-program.ts';

type Config = DaemonContext['config'];

/** Disposing of it, also where the daemon cannot start, ends the server and leaves its folder to the next one. */
export interface ServedMesh extends Disposable {
	readonly delivery: MeshDelivery;
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
	(definitions.some((path) => existsSync(path)) || createSnapshotStore(stateDirectory).read()?.node === nodeId(node));

/** Serves ADS; undefined where there is no mesh: then neither gRPC nor protobuf is loaded. */
export async function serveMesh(
	{ config, capture }: DaemonContext,
	{ log, counters, variables }: { readonly log: Log; readonly counters: Counters; readonly variables: EnvoyVariables },
): Promise<ServedMesh | undefined> {
	const { node, definitions, parameters } = config.mesh;
	if (node === undefined || !isMeshed(config)) return undefined;
	// Before anything of a daemon that runs here is touched.
	await refuseTaken(config.socket);
	const [{ createCodec }, { openAdsServer }] = await Promise.all([
		import('../../host/ads/codec.ts'),
		import('../../host/ads/ads-server.ts'),
	]);
	const { ingressPort, egressPort, bridges, stateDirectory, socket, envoy } = config;
	const delivery = createMeshDelivery({
		...{ node, log, counters, clock: systemClock, codec: createCodec() },
		options: {
			...{ ingressPort, egressPort, hasIpv6: hasIpv6Sockets(), capturesBridges: bridges.length > 0 },
			...variableOptions(variables),
		},
		parameters: new Map(parameters),
		readDefinitions: () => definitions.flatMap((path) => readDefinitions(path)),
		watchDefinitions: (onChange, signal) => watchDefinitions(definitions, onChange, signal),
		snapshots: createSnapshotStore(stateDirectory),
	});
	const path = adsSocket(socket);
	const user = { isProcess: envoy.runtime === 'process', uid: envoyUser(capture.ignoreUids) };
	const makeFolder = () => makeAdsFolder(path, user, runProgram);
	const server = await openAdsServer(path, makeFolder, ({ send }) => delivery.open(send));
	return {
		delivery,
		close(isKept) {
			server.close();
			if (!isKept) removeAdsFolder(path);
		},
		[Symbol.dispose]: server.close,
	};
}

/** The bootstrap of an Envoy that asks this daemon. */
export function meshBootstrap({ mesh, socket }: Config): JsonObject | undefined {
	const { node, cluster } = mesh;
	if (node === undefined) return undefined;
	const id = nodeId(node);
	return adsBootstrap({ id, cluster: cluster === '' ? id : cluster, socketPath: adsSocket(socket) });
}
