import { fileVariables, passThrough } from '../../config/pass-through.ts';
import { bootstrapText } from '../../envoy/bootstrap.ts';
import { podOverlay } from '../../envoy/overlay.ts';
import { Failure } from '../../failure.ts';
import { nodeId } from '../../values/mesh-node.ts';
import { adsBootstrap } from '../../xds/ads-bootstrap.ts';
import type { EnvoyVariables } from '../../xds/envoy-variables.ts';
import { mergeBootstrap } from '../../xds/merge-bootstrap.ts';
import { variableParts } from '../../xds/variable-parts.ts';
import { renderBootstrap } from '../mesh/render-mesh.ts';
import type { Task } from '../mesh/task.ts';
import { literalsOf, variablesOf } from '../pods/container-variables.ts';
import { READING_PORT } from '../pods/containers.ts';
import { envoyOf, type MeshedPod } from '../pods/meshed-pod.ts';

/** All that the definitions say of the pod's node or gateway. */
export const bootstrapsFrom =
	(definitions: Pick<Task, 'files' | 'parameters'>) =>
	(pod: MeshedPod): string => {
		const [ingressPort, egressPort] = [Number(pod.settings.get('ingressPort')), Number(pod.settings.get('egressPort'))];
		const variables = checkedVariables(pod);
		return renderBootstrap(definitions, pod.proxy, {
			variables,
			files: { parts: [] },
			isInPod: true,
			ingressPort,
			egressPort,
		});
	};

/** What AWS's image made of its variables stands in the bootstrap. */
function checkedVariables({ wishes, template }: MeshedPod): EnvoyVariables {
	const { env, mistakes } = passThrough(literalsOf(variablesOf(envoyOf(template), wishes)), () => undefined);
	const named = fileVariables.filter((name) => env[name] !== undefined);
	const all = [...mistakes, ...named.map((name) => `${name}: what is in the pod's file is not known here`)];
	if (all.length === 0) return env;
	throw new Failure(
		'config',
		`Cannot make the ConfigMap of ${template.kind} ${template.name}: ${all.join('; ')}`,
		'Convert without --definitions and --ads-socket, and make it by `turnout mesh render --pod` with these variables',
	);
}

/** All but what those variables ask for comes over the socket. */
export const bootstrapsForAds =
	(socketPath: string) =>
	(pod: MeshedPod): string => {
		const id = nodeId(pod.proxy);
		const variables = checkedVariables(pod);
		const cluster = variables['APPMESH_RESOURCE_CLUSTER'] ?? id;
		const bootstrap = adsBootstrap({ id, cluster, socketPath, initialFetchTimeout: '0s' });
		const parts = variableParts({ variables, files: { parts: [] }, node: pod.proxy, cluster });
		return bootstrapText(mergeBootstrap(bootstrap, [...parts, podOverlay(READING_PORT)]));
	};
