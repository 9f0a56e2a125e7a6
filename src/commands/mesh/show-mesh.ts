import { parseProxyName } from '../../mesh/proxy-name.ts';
import { resolveNode } from '../../mesh/resolve-node.ts';
import { dotOf, mermaidOf } from '../../mesh/show/dot-and-mermaid.ts';
import { graphOf } from '../../mesh/show/graph.ts';
import { nodeText } from '../../mesh/show/node-text.ts';
import { meshTree } from '../../mesh/show/tree.ts';
import { faultless, inMesh, type Task } from './task.ts';

export function showMesh(task: Task): number {
	const { catalogs } = faultless(task, 'show');
	task.terminal.out(shown(task, catalogs));
	return 0;
}

function shown({ given, terminal }: Task, catalogs: Parameters<typeof graphOf>[0]): string {
	const node = given['node'];
	if (terminal.isJson) return `${JSON.stringify(graphOf(catalogs))}\n`;
	if (given['dot'] === true) return dotOf(graphOf(catalogs));
	if (given['mermaid'] === true) return mermaidOf(graphOf(catalogs));
	if (node === undefined) return catalogs.map(meshTree).join('\n');
	const wanted = parseProxyName(String(node));
	return nodeText(inMesh(catalogs, wanted, 'show', (catalog) => resolveNode(catalog, wanted.name)));
}
