import { loadEnvoyVariables } from '../../config/load.ts';
import { bootstrapText } from '../../envoy/bootstrap.ts';
import { podOverlay } from '../../envoy/overlay.ts';
import type { ProxyName } from '../../mesh/proxy-name.ts';
import { READING_PORT } from '../../pods/containers.ts';
import { parseMeshNode } from '../../values/mesh-node.ts';
import { type EnvoyVariables, type VariableFiles, variableOptions } from '../../xds/envoy-variables.ts';
import { mergeBootstrap } from '../../xds/merge-bootstrap.ts';
import type { RenderOptions } from '../../xds/render-options.ts';
import { renderProxy } from '../../xds/render-proxy.ts';
import { staticBootstrap } from '../../xds/static-bootstrap.ts';
import { variableParts } from '../../xds/variable-parts.ts';
import { faultless, inMesh, refuse, type Task } from './task.ts';
import { proxyOf } from './this-node.ts';

/** With what Envoy's variables ask for. */
export async function renderMesh(task: Task): Promise<number> {
	const { ingressPort, egressPort } = task.settings.config;
	const given = { ...(await loadEnvoyVariables()), ingressPort, egressPort, isInPod: task.given['pod'] === true };
	task.terminal.out(renderBootstrap(task, proxyOf(task), given));
	return 0;
}

export interface BootstrapInput extends Pick<RenderOptions, 'ingressPort' | 'egressPort'> {
	readonly variables: EnvoyVariables;
	readonly files: VariableFiles;
	/** IPv6 is listened on, and whoever reads is answered, from everywhere. */
	readonly isInPod: boolean;
}

/** Everything that the definitions say of a node or gateway, as `envoy -c` takes it. Throws a Failure with all mistakes. */
export function renderBootstrap(
	of: Pick<Task, 'files' | 'parameters'>,
	wanted: ProxyName,
	input: BootstrapInput,
): string {
	const { variables, files, isInPod, ingressPort, egressPort } = input;
	const options = { ingressPort, egressPort, hasIpv6: isInPod, ...variableOptions(variables) };
	const { id, snapshot, errors } = inMesh(faultless(of, 'render').catalogs, wanted, 'render', (catalog) =>
		renderProxy(catalog, wanted, options),
	);
	refuse(errors, 'render');
	const cluster = variables['APPMESH_RESOURCE_CLUSTER'] ?? id;
	const parts = variableParts({ variables, files, node: parseMeshNode(id), cluster });
	const pod = isInPod ? [podOverlay(READING_PORT)] : [];
	return bootstrapText(mergeBootstrap(staticBootstrap(snapshot, { id, cluster }), [...parts, ...pod]));
}
