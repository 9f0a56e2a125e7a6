import { lookUpNames } from '../../host/process/look-up-names.ts';
import { isOwnAddress } from '../../host/sockets/own-addresses.ts';
import { quote } from '../../lib/escape.ts';
import { appPortWarnings } from '../../mesh/app-port-warnings.ts';
import { calledNames, nameWarnings } from '../../mesh/called-names.ts';
import type { Catalog } from '../../mesh/catalog.ts';
import { resolveNode } from '../../mesh/resolve-node.ts';
import type { Mistake } from '../../mesh/resource.ts';
import { type MeshNode, nodeId } from '../../values/mesh-node.ts';
import { renderProxy } from '../../xds/render-proxy.ts';
import type { Task } from './task.ts';
import { optionsHere, thisNode } from './this-node.ts';

export interface HostFindings {
	readonly errors: readonly Mistake[];
	readonly warnings: readonly Mistake[];
	/** Of names that this host has to find. */
	readonly names: readonly Mistake[];
}

/** What is asked, and of whom. */
type Asked = Pick<Task, 'settings' | 'path'> & { readonly terminal: Pick<Task['terminal'], 'signal'> };

const nothing: HostFindings = { errors: [], warnings: [], names: [] };

/** A name server that does not answer holds nobody up longer. */
const LOOK_UP_MS = 3_000;

/** What definitions without mistakes mean for this host, where its node is known. */
export async function checkHost(task: Asked, catalogs: readonly Catalog[]): Promise<HostFindings> {
	const { settings, terminal } = task;
	const node = thisNode(settings);
	if (node === undefined) return nothing;
	const catalog = catalogs.find(({ mesh }) => mesh === node.mesh);
	const rendered = catalog && renderedHere(task, catalog, node);
	if (catalog === undefined || rendered === undefined)
		return task.path === undefined
			? { ...nothing, errors: [missing(node, settings.config.mesh.definitions)] }
			: nothing;
	const view = node.kind === 'virtualNode' ? resolveNode(catalog, node.name) : undefined;
	if (view === undefined) return rendered;
	const names = calledNames(view);
	const found = await lookUpNames(
		names.map(({ name }) => name),
		LOOK_UP_MS,
		terminal.signal,
	);
	const isGiven = settings.written.get('appPorts')?.origin !== 'default';
	const { appPorts, ingressIgnoredPorts } = settings.config;
	return {
		errors: rendered.errors,
		warnings: [
			...rendered.warnings,
			...appPortWarnings(view.node, { appPorts: isGiven ? appPorts : undefined, ingressIgnoredPorts }),
		],
		names: nameWarnings(names, found, isOwnAddress),
	};
}

/** Where certificates come from, only the daemon may have been told: its variables are in a file of its own. */
function renderedHere({ settings }: Asked, catalog: Catalog, node: MeshNode): HostFindings | undefined {
	const options = optionsHere(settings, nodeId(node));
	const [seen, best] = [options, { ...options, hasSds: true }].map((each) => renderProxy(catalog, node, each)?.errors);
	return seen && best && { errors: best, warnings: seen.slice(best.length), names: [] };
}

const missing = (node: MeshNode, definitions: readonly string[]): Mistake => ({
	...{ file: definitions.join(', '), line: 1, path: '' },
	why: `no ${node.kind} is called ${quote(nodeId(node))}, which is this host's (mesh.node)`,
	hint: '`turnout mesh show` has those that there are',
});
