import type { Json, JsonObject, Snapshot } from '../snapshot.ts';
import { clusterWords, targetName } from './cluster-words.ts';
import { changeOf, type Difference, valuesText } from './difference.ts';
import { routeDifferences } from './route-differences.ts';
import { type ValueDifference, valueDifferences } from './value-differences.ts';

/** What of one node's configuration is another in `after`, in the order in which Envoy would get it. */
export const snapshotDifferences = (mesh: string, before: Snapshot, after: Snapshot): Difference[] => [
	...ofKind(clusterDifferences, mesh, before.cds, after.cds),
	...ofKind(listenerDifferences, mesh, before.lds, after.lds),
	...ofKind(routeDifferences, mesh, before.rds, after.rds),
];

type Resources = Readonly<Record<string, JsonObject>>;
type Compare = (
	mesh: string,
	name: string,
	before: JsonObject | undefined,
	after: JsonObject | undefined,
) => Difference[];

const ofKind = (compare: Compare, mesh: string, before: Resources, after: Resources): Difference[] =>
	[...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) =>
		compare(mesh, name, before[name], after[name]),
	);

const differs = (kind: Difference['kind'], resource: string, { path, before, after }: ValueDifference) => ({
	...{ change: changeOf(before, after), kind, resource, path },
	...(before === undefined ? {} : { before }),
	...(after === undefined ? {} : { after }),
});

const clusterDifferences: Compare = (mesh, name, before, after) =>
	valueDifferences(before, after).map((each) => {
		const what = clusterWords(mesh, name);
		const path = each.path.join('.');
		if (path === '') return { ...differs('cluster', name, each), text: `${what}${addressText(before ?? after)}` };
		const [, field] = /\.socketAddress\.(address|portValue)$/.exec(path) ?? [];
		const shown = field === undefined ? path : ADDRESS_FIELDS[field];
		return { ...differs('cluster', name, each), text: `${what}: ${shown} ${valuesText(each.before, each.after)}` };
	});

const ADDRESS_FIELDS: Readonly<Record<string, string>> = { address: 'hostname', portValue: 'port' };

function addressText(cluster: JsonObject = {}): string {
	const address = /"socketAddress":\{"address":("[^"]*")/.exec(JSON.stringify(cluster['loadAssignment'] ?? ''))?.[1];
	return address === undefined ? '' : `, at ${JSON.parse(address)}`;
}

/** With what becomes of open connections, as Envoy ends those of whatever has changed. */
const listenerDifferences: Compare = (mesh, name, before, after) =>
	valueDifferences(before, after).map((each) => {
		const { path } = each;
		const isChain = path[0] === 'filterChains' && path.length > 1;
		const place = `listener ${name}${isChain ? `, filter chain ${path[1]}` : ''}`;
		const content = contentText(mesh, path.slice(isChain ? 2 : 0), each);
		return { ...differs('listener', name, each), text: `${place}${content}${endText(each, isChain)}` };
	});

function endText({ path, before }: ValueDifference, isChain: boolean): string {
	const isPart = isChain || path[0] === 'defaultFilterChain';
	const isWhole = path.length === (isChain ? 2 : Number(isPart));
	if (before === undefined && isWhole) return '';
	return isPart ? '; its open connections end' : '; all its open connections end';
}

function contentText(mesh: string, path: readonly string[], { before, after }: ValueDifference): string {
	if (path.length === 0) return '';
	if (path.join() === 'defaultFilterChain')
		return `: egress filter ${before === undefined ? 'DROP_ALL → ALLOW_ALL' : 'ALLOW_ALL → DROP_ALL'}`;
	const target = path[path.indexOf('weightedClusters') + 2];
	if (!path.includes('weightedClusters') || target === undefined)
		return `: ${path.join('.')} ${valuesText(before, after)}`;
	return `: weight of ${targetName(mesh, target)} ${weightIn(before)} → ${weightIn(after)}`;
}

function weightIn(value: Json | undefined): string {
	if (value === undefined) return 'none';
	return typeof value === 'object' && 'weight' in value ? String(value['weight']) : String(value);
}
