import { variableFilesReader } from '../../config/load.ts';
import type { DaemonContext } from '../../daemon/daemon-context.ts';
import { bootstrapText, passThroughBootstrap } from '../../envoy/bootstrap.ts';
import { Failure } from '../../failure.ts';
import { adsSocket } from '../../host/ads/ads-folder.ts';
import { bootstrapPath } from '../../host/envoy/bootstrap-files.ts';
import { hasIpv6Sockets } from '../../host/ipv6.ts';
import { nodeId } from '../../values/mesh-node.ts';
import { adsBootstrap } from '../../xds/ads-bootstrap.ts';
import type { EnvoyVariables } from '../../xds/envoy-variables.ts';
import { mergeBootstrap } from '../../xds/merge-bootstrap.ts';
import type { JsonObject } from '../../xds/snapshot.ts';
import { variableParts } from '../../xds/variable-parts.ts';

type Config = DaemonContext['config'];

/** Our bootstrap, keyed by the path that it will have. */
export type OwnBootstrap = (config: Config, variables: EnvoyVariables) => Readonly<Record<string, string>>;

/** `isMeshed`: Envoy asks this daemon for all but the bootstrap. The files that variables name are read with each call. */
export async function createOwnBootstrap(isMeshed: boolean): Promise<OwnBootstrap> {
	const readFiles = await variableFilesReader();
	return (config, variables) => {
		const { mistakes, ...files } = readFiles(variables);
		if (mistakes.length > 0)
			throw new Failure(
				'envoy',
				`Cannot start Envoy: ${mistakes.join('; ')}`,
				'Mend the files, or unset the variables',
			);
		const { id, cluster } = identityOf(config);
		const base = isMeshed ? meshBootstrap(config, variables) : passThrough(config);
		const parts = variableParts({ variables, files, node: config.mesh.node, cluster });
		const text = bootstrapText(mergeBootstrap({ ...base, node: { id, cluster } }, parts));
		return { [bootstrapPath(config.stateDirectory, text)]: text };
	};
}

function passThrough({ ingressPort, egressPort, bridges, ingressMode, ingressKeepClient }: Config): JsonObject {
	return passThroughBootstrap({
		...{ ingressPort, egressPort, hasIpv6: hasIpv6Sockets(), capturesBridges: bridges.length > 0 },
		...{ isTransparent: ingressMode === 'tproxy', keepsClient: ingressKeepClient === 'application' },
	});
}

const meshBootstrap = (config: Config, { ENVOY_INITIAL_FETCH_TIMEOUT: seconds = '0' }: EnvoyVariables): JsonObject =>
	adsBootstrap({
		...{ ...identityOf(config), socketPath: adsSocket(config.socket), initialFetchTimeout: `${seconds}s` },
	});

function identityOf({ mesh: { node, cluster } }: Config): { readonly id: string; readonly cluster: string } {
	const id = node === undefined ? 'turnout' : nodeId(node);
	return { id, cluster: cluster === '' ? id : cluster };
}
