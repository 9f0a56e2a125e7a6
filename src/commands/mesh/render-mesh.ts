import { loadEnvoyVariables } from '../../config/load.ts';
import { bootstrapText } from '../../envoy/bootstrap.ts';
import { parseMeshNode } from '../../values/mesh-node.ts';
import { variableOptions } from '../../xds/envoy-variables.ts';
import { mergeBootstrap } from '../../xds/merge-bootstrap.ts';
import { renderProxy } from '../../xds/render-proxy.ts';
import { staticBootstrap } from '../../xds/static-bootstrap.ts';
import { variableParts } from '../../xds/variable-parts.ts';
import { faultless, inMesh, refuse, type Task } from './task.ts';
import { proxyOf } from './this-node.ts';

/** With what Envoy's variables ask for. */
export async function renderMesh(task: Task): Promise<number> {
	const { ingressPort, egressPort } = task.settings.config;
	const { variables, files } = await loadEnvoyVariables();
	const wanted = proxyOf(task);
	const options = { ingressPort, egressPort, ...variableOptions(variables) };
	const { id, snapshot, errors } = inMesh(faultless(task, 'render').catalogs, wanted, 'render', (catalog) =>
		renderProxy(catalog, wanted, options),
	);
	refuse(errors, 'render');
	const cluster = variables['APPMESH_RESOURCE_CLUSTER'] ?? id;
	const parts = variableParts({ variables, files, node: parseMeshNode(id), cluster });
	task.terminal.out(bootstrapText(mergeBootstrap(staticBootstrap(snapshot, { id, cluster }), parts)));
	return 0;
}
