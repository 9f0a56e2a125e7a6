import { existsSync } from 'node:fs';
import { Failure } from '../../failure.ts';
import { createSnapshotStore } from '../../host/files/snapshot-store.ts';
import { escapeControls } from '../../lib/escape.ts';
import type { DefinitionFile } from '../../mesh/load-mesh.ts';
import type { ProxyName } from '../../mesh/proxy-name.ts';
import { isEtcd } from '../../values/etcd-address.ts';
import { nodeId } from '../../values/mesh-node.ts';
import type { Difference } from '../../xds/diff/difference.ts';
import { snapshotDifferences } from '../../xds/diff/snapshot-differences.ts';
import { type Rendered, renderProxy } from '../../xds/render-proxy.ts';
import type { Snapshot } from '../../xds/snapshot.ts';
import { definitionsAt } from '../read-definitions.ts';
import { catalogsFor, inMesh, refuse, type Task } from './task.ts';
import { optionsHere, proxyOf } from './this-node.ts';

/** What definitions would change for one node's Envoy. 2: something. */
export async function diffMesh(task: Task): Promise<number> {
	const wanted = proxyOf(task);
	const { mesh, id, snapshot } = renderedOf(task, task.files, wanted);
	const against = await formerOf(task, wanted, id);
	const differences = snapshotDifferences(mesh, against.snapshot, snapshot);
	const { out, isJson } = task.terminal;
	const head = { same: differences.length === 0, node: id, against: against.what };
	out(isJson ? `${JSON.stringify({ ...head, differences })}\n` : diffText(head, differences));
	return head.same ? 0 : 2;
}

interface OfMesh extends Rendered {
	readonly mesh: string;
}

function renderedOf(task: Task, files: readonly DefinitionFile[], wanted: ProxyName): OfMesh {
	const catalogs = catalogsFor({ files, parameters: task.parameters }, wanted, 'compare');
	const found = inMesh(catalogs, wanted, 'compare', (catalog): OfMesh | undefined => {
		const id = nodeId({ ...wanted, mesh: catalog.mesh });
		const rendered = renderProxy(catalog, wanted, optionsHere(task.settings, id));
		return rendered && { ...rendered, mesh: catalog.mesh };
	});
	refuse(found.errors, 'compare');
	return found;
}

interface Former {
	readonly what: string;
	readonly snapshot: Snapshot;
}

/** What is asked for, else what Envoy has, else what it would get by the settings. */
async function formerOf(task: Task, wanted: ProxyName, id: string): Promise<Former> {
	const { given, path, settings } = task;
	const { stateDirectory, mesh } = settings.config;
	const of = async (paths: readonly string[]): Promise<Former> => ({
		what: paths.join(', '),
		snapshot: renderedOf(task, await definitionsAt(paths, mesh), wanted).snapshot,
	});
	if (typeof given['against'] === 'string') return of([given['against']]);
	const known = createSnapshotStore(stateDirectory).read();
	if (known?.node === id) return { what: 'what Envoy accepted last', snapshot: known.snapshot };
	if (path !== undefined && mesh.definitions.some((each) => isEtcd(each) || existsSync(each)))
		return of(mesh.definitions);
	throw new Failure(
		'config',
		`Cannot compare: in ${stateDirectory} is nothing, or nothing that can be read, that Envoy has accepted for ${id}`,
		'Be root, or name what to compare with: turnout mesh diff NEW --against OLD',
	);
}

const SIGNS = { added: '+', removed: '-', changed: '~' } as const;

function diffText(
	{ node, against }: { readonly node: string; readonly against: string },
	differences: readonly Difference[],
): string {
	const count = differences.length === 1 ? '1 difference' : `${differences.length || 'no'} differences`;
	const lines = [
		`${node}: ${count} to ${against}`,
		...differences.map(({ change, text }) => `${SIGNS[change]} ${text}`),
	];
	return lines.map((line) => `${escapeControls(line)}\n`).join('');
}
