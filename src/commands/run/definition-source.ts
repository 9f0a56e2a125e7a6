import type { Config } from '../../config/schema.ts';
import type { MeshDependencies } from '../../daemon/mesh-offer.ts';
import { Failure } from '../../failure.ts';
import { readDefinitions } from '../../host/files/definitions.ts';
import { watchDefinitions } from '../../host/files/watch-definitions.ts';
import type { Log } from '../../log.ts';
import { type EtcdAddress, etcdAmong } from '../../values/etcd-address.ts';

type Source = Pick<MeshDependencies, 'readDefinitions' | 'watchDefinitions' | 'sourceTrouble'>;

/** Where this host's definitions come from. Whoever starts without an etcd that answers goes on with what Envoy had. */
export async function openDefinitionSource(mesh: Config['mesh'], log: Log, signal: AbortSignal): Promise<Source> {
	const { definitions } = mesh;
	const address = etcdAmong(definitions);
	if (address !== undefined) return openEtcdSource(address, mesh, log, signal);
	const onBlind = (why: string) => log('warn', 'definitions are not watched, and looked at from time to time', { why });
	return {
		readDefinitions: () => readDefinitions(definitions),
		watchDefinitions: (onChange, leave) => watchDefinitions(definitions, { onChange, onBlind }, leave),
		sourceTrouble: () => undefined,
	};
}

/** A start is held up no longer. */
const START_MS = 4_000;

async function openEtcdSource(
	address: EtcdAddress,
	settings: Config['mesh'],
	log: Log,
	signal: AbortSignal,
): Promise<Source> {
	const { openEtcdMirror, mirroredDefinitions } = await import('../../host/etcd/open-etcd.ts');
	const onAway = (failure: Failure | undefined) =>
		failure === undefined
			? log('info', 'etcd is back', { definitions: address.text })
			: log('error', 'etcd is away, and the mesh stays as it was', { why: failure.message, remedy: failure.remedy });
	const mirror = openEtcdMirror({ address, settings }, onAway, signal);
	await mirror.until(() => mirror.content() !== undefined, START_MS);
	return {
		readDefinitions() {
			const content = mirror.content();
			if (content === undefined) throw mirror.away() ?? nobody(address);
			return mirroredDefinitions(content, address);
		},
		watchDefinitions: mirror.watch,
		sourceTrouble: mirror.away,
	};
}

const nobody = ({ text }: EtcdAddress): Failure =>
	new Failure('state', `Cannot follow ${text}: nobody has answered yet`, 'See whether etcd runs and can be reached');
