import { usage } from '../../cli/arguments.ts';
import { loadEnvoyVariables } from '../../config/load.ts';
import { bootstrapText } from '../../envoy/bootstrap.ts';
import { podOverlay } from '../../envoy/overlay.ts';
import { quote } from '../../lib/escape.ts';
import { asksForIpv6 } from '../../mesh/asks-for-ipv6.ts';
import type { ProxyName } from '../../mesh/proxy-name.ts';
import { parseMeshNode } from '../../values/mesh-node.ts';
import { type EnvoyVariables, type VariableFiles, variableOptions } from '../../xds/envoy-variables.ts';
import { mergeBootstrap } from '../../xds/merge-bootstrap.ts';
import type { RenderOptions } from '../../xds/render-options.ts';
import { type Rendered, renderProxy } from '../../xds/render-proxy.ts';
import { staticBootstrap } from '../../xds/static-bootstrap.ts';
import { variableParts } from '../../xds/variable-parts.ts';
import { READING_PORT } from '../pods/containers.ts';
import { catalogsFor, inMesh, refuse, type Task } from './task.ts';
import { proxyOf } from './this-node.ts';

const forms: Readonly<Record<string, (task: Task, input: BootstrapInput) => string>> = {
	bootstrap: (task, input) => renderBootstrap(task, proxyOf(task), input),
	/** As an Envoy gets them from a daemon: by kind and name. */
	resources: (task, input) => `${JSON.stringify(rendered(task, proxyOf(task), input).snapshot, undefined, 2)}\n`,
};

/** With what Envoy's variables ask for. */
export async function renderMesh(task: Task): Promise<number> {
	const { as = 'bootstrap', pod } = task.given;
	const form = forms[String(as)];
	if (form === undefined) throw usage(`--as takes ${Object.keys(forms).join(' or ')}, not ${quote(String(as))}`);
	const { ingressPort, egressPort } = task.settings.config;
	task.terminal.out(form(task, { ...(await loadEnvoyVariables()), ingressPort, egressPort, isInPod: pod === true }));
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
	const { variables, files, isInPod } = input;
	const { id, snapshot } = rendered(of, wanted, input);
	const cluster = variables['APPMESH_RESOURCE_CLUSTER'] ?? id;
	const parts = variableParts({ variables, files, node: parseMeshNode(id), cluster });
	const pod = isInPod ? [podOverlay(READING_PORT)] : [];
	return bootstrapText(mergeBootstrap(staticBootstrap(snapshot, { id, cluster }), [...parts, ...pod]));
}

function rendered(
	of: Pick<Task, 'files' | 'parameters'>,
	wanted: ProxyName,
	{ variables, isInPod, ingressPort, egressPort }: BootstrapInput,
): Rendered {
	const options = { ingressPort, egressPort, ...variableOptions(variables) };
	const found = inMesh(catalogsFor(of, wanted, 'render'), wanted, 'render', (catalog) =>
		renderProxy(catalog, wanted, { ...options, hasIpv6: isInPod || asksForIpv6(catalog, wanted) }),
	);
	refuse(found.errors, 'render');
	return found;
}
