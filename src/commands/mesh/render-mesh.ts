import { renderProxy } from '../../xds/render-proxy.ts';
import { staticBootstrap } from '../../xds/static-bootstrap.ts';
import { faultless, inMesh, refuse, type Task } from './task.ts';
import { proxyOf } from './this-node.ts';

export function renderMesh(task: Task): number {
	const { ingressPort, egressPort } = task.settings.config;
	const wanted = proxyOf(task);
	const { id, snapshot, errors } = inMesh(faultless(task, 'render').catalogs, wanted, 'render', (catalog) =>
		renderProxy(catalog, wanted, { ingressPort, egressPort }),
	);
	refuse(errors, 'render');
	task.terminal.out(`${JSON.stringify(staticBootstrap(snapshot, { id, cluster: id }), null, '\t')}\n`);
	return 0;
}
