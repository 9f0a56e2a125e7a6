import { escapeControls } from '../../lib/escape.ts';
import type { Kind } from '../schema/kinds.ts';
import { type Graph, type GraphNode, graphKey } from './graph.ts';

/** For Graphviz: `turnout mesh show --dot | dot -Tsvg`. */
export function dotOf({ nodes, edges }: Graph): string {
	const id = idsOf(nodes);
	const lines = [
		'digraph mesh {',
		'\trankdir=LR;',
		...nodes.map((node) => `\t${id(node)} [label=${dotText(node.name)}, shape=${shapes[node.kind].dot}];`),
		...edges.map(({ from, to, label }) => {
			const attributes = label === '' ? '' : ` [label=${dotText(label)}]`;
			return `\t${id(from)} -> ${id(to)}${attributes};`;
		}),
		'}',
	];
	return lines.map((line) => `${line}\n`).join('');
}

/** For Markdown, which many sites draw. */
export function mermaidOf({ nodes, edges }: Graph): string {
	const id = idsOf(nodes);
	const lines = [
		'flowchart LR',
		...nodes.map((node) => {
			const [open, close] = shapes[node.kind].mermaid;
			return `\t${id(node)}${open}${mermaidText(node.name)}${close}`;
		}),
		...edges.map(({ from, to, label }) => {
			const text = label === '' ? '' : `|${mermaidText(label)}|`;
			return `\t${id(from)} -->${text} ${id(to)}`;
		}),
	];
	return lines.map((line) => `${line}\n`).join('');
}

interface DrawnShape {
	readonly dot: string;
	readonly mermaid: readonly [open: string, close: string];
}

const box: DrawnShape = { dot: 'box', mermaid: ['[', ']'] };
const shapes: Readonly<Record<Kind, DrawnShape>> = {
	mesh: box,
	route: box,
	gatewayRoute: box,
	virtualNode: box,
	virtualService: { dot: 'ellipse', mermaid: ['([', '])'] },
	virtualRouter: { dot: 'diamond', mermaid: ['{', '}'] },
	virtualGateway: { dot: 'house', mermaid: ['[/', '\\]'] },
};

function idsOf(nodes: readonly GraphNode[]): (node: GraphNode) => string {
	const ids = new Map(nodes.map((node, at) => [graphKey(node), `n${at}`]));
	return (node) => ids.get(graphKey(node)) ?? 'missing';
}

/** Names may hold anything. */
const dotText = (text: string): string => `"${escapeControls(text.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n'))}"`;

const mermaidText = (text: string): string =>
	`"${escapeControls(text.replaceAll('\n', '\\n')).replaceAll('#', '#35;').replaceAll('"', '#quot;')}"`;
