import { escapeControls } from '../lib/escape.ts';
import { loadText, sumOfLoads } from '../mesh/show/upstream-load.ts';
import type { NodeStatus } from './ads/fleet-status.ts';
import { type CertificateStatus, type ControlStatus, SOON_DAYS } from './control-status.ts';

/** For people. */
export function controlStatusText(status: ControlStatus): string {
	const { version, since, listeners, certificate, store, mistakes, nodes, refused } = status;
	const held = store.ok ? `${store.resources ?? 0} resources` : `cannot be read: ${store.why ?? ''}`;
	return [
		row('control', `${version}, since ${since}`),
		...listeners.map(({ name, at, clients }) => row(name, `${at}, ${clientsText(clients)}`)),
		...(certificate === undefined ? [] : [row('certificate', certificateText(certificate))]),
		row('definitions', `${store.at}, ${held}`),
		...mistakes.map((mistake) => row('mistake', mistake)),
		...nodes.map(nodeText),
		...(refused === 0 ? [] : [row('refused', `${refused} times an Envoy; the log says why`)]),
	].join('');
}

export const row = (name: string, text: string): string => escapeControls(`${name.padEnd(12)} ${text}\n`);

const clientsText = (clients: readonly string[]): string =>
	clients.length === 0 ? 'whoever reaches it' : `by ${clients.join(' or ')}`;

function certificateText({ subject, expiresAt, daysLeft }: CertificateStatus): string {
	if (daysLeft < 0) return `${subject} has expired at ${expiresAt}: renew it`;
	return `${subject} until ${expiresAt}${daysLeft < SOON_DAYS ? `, in ${daysLeft} days: renew it` : ''}`;
}

function nodeText(node: NodeStatus): string {
	const { connected, settled, version, acceptedAt, acceptedMs, rejected, trouble, envoys, load } = node;
	const since = envoys.map((envoy) => envoy.since).sort()[0];
	const took = acceptedMs === undefined ? '' : ` in ${acceptedMs} ms`;
	const parts = [
		`${settled} of ${connected} Envoys have ${version}`,
		...(since === undefined ? [] : [`the first since ${since}`]),
		...(acceptedAt === undefined ? [] : [`accepted ${acceptedAt}${took}`]),
		...(load === undefined ? [] : [`requests sent ${loadText(sumOfLoads(load))}`]),
	];
	const back = rejected?.reverted === true ? ', and has what it had' : '';
	return [
		row('node', `${node.node}: ${parts.join(', ')}`),
		...(rejected === undefined ? [] : [row('', `Envoy rejects it (${rejected.at})${back}: ${rejected.why}`)]),
		...(trouble === undefined ? [] : [row('', `it keeps what it has: ${trouble}`)]),
	].join('');
}
