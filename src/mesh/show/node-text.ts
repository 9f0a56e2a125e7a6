import { shown } from '../../lib/escape.ts';
import type { Backend } from '../resolve-backends.ts';
import type { NodeView } from '../resolve-node.ts';
import { matchText } from './match-text.ts';
import { hostOf, portsText, targetLines } from './tree.ts';

/** What one node's Envoy does: what it takes in, and what it sends where. */
export function nodeText({ mesh, node, egressFilter, backends }: NodeView): string {
	const listeners = node.spec.listeners ?? [];
	const elsewhere = egressFilter === 'ALLOW_ALL' ? 'all else passes as it is' : 'nothing else leaves but to AWS';
	const lines = [
		`node ${shown(node.name)} of mesh ${shown(mesh)}${hostOf(node) === '' ? '' : `, at ${hostOf(node)}`}`,
		listeners.length === 0 ? '  takes nothing in' : `  takes in ${portsText(listeners)}`,
		...backends.flatMap(backendLines),
		`  egress ${egressFilter}: ${elsewhere}`,
	];
	return lines.map((line) => `${line}\n`).join('');
}

const backendLines = ({ service, port, protocol, routes }: Backend): string[] => [
	`  sends to ${shown(service)} (${protocol} ${port})`,
	...routes.flatMap(({ name, kind, targets }) => [
		kind === undefined ? '    everything' : `    route ${shown(name)}: ${matchText(kind)}`,
		...targetLines(
			targets.map(({ node, listener, weight }) => ({ node: node.name, listener, weight, host: hostOf(node) })),
		).map((line) => `      ${line}`),
	]),
	...(routes.length === 0 ? ['    nowhere: it has no routes'] : []),
];
