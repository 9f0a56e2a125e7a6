import type { NodeStatus } from '../mesh/console-protocol.ts';
import type { ResourceKey } from '../mesh/resource.ts';
import type { Kind } from '../mesh/schema/kinds.ts';
import { type Graph, type GraphEdge, graphKey } from '../mesh/show/graph.ts';
import { type Load, loadByTarget } from '../mesh/show/upstream-load.ts';

export interface PictureBox {
	readonly id: string;
	readonly kind: Kind;
	readonly mesh: string;
	readonly name: string;
}

export interface PictureEdge {
	readonly from: PictureBox;
	readonly to: PictureBox;
	/** By which routes, and by which weights; none: it calls. */
	readonly labels: readonly string[];
}

/** Who leads to whom; several routes between the same two are one line. */
export interface Picture {
	readonly boxes: readonly PictureBox[];
	readonly edges: readonly PictureEdge[];
}

export function pictureOf({ nodes, edges }: Graph): Picture {
	const boxes = nodes.map((node) => ({ ...node, id: graphKey(node) }));
	const byId = new Map(boxes.map((box) => [box.id, box]));
	const pairs = Map.groupBy(edges, ({ from, to }) => `${graphKey(from)} ${graphKey(to)}`);
	return {
		boxes,
		edges: [...pairs.values()].flatMap((same) => {
			const [first] = same;
			const [from, to] = [first && byId.get(graphKey(first.from)), first && byId.get(graphKey(first.to))];
			if (from === undefined || to === undefined) return [];
			return [{ from, to, labels: same.map(labelOf).filter((label) => label !== '') }];
		}),
	};
}

/** Of a route's target the weight first: what is too long is cut off at its end. */
const labelOf = ({ from, label }: GraphEdge): string =>
	from.kind === 'virtualRouter' ? label.replace(/^(.*): (\d+)$/s, '$2 · $1') : label;

/** From a node by its service and router to the next node. */
const STEPS = 3;

/** What is near one box, up and down. */
export function around({ boxes, edges }: Picture, id: string): Picture {
	const near = new Set([...reached(edges, id, 'from', 'to'), ...reached(edges, id, 'to', 'from')]);
	return {
		boxes: boxes.filter((box) => near.has(box.id)),
		edges: edges.filter(({ from, to }) => near.has(from.id) && near.has(to.id)),
	};
}

function reached(edges: readonly PictureEdge[], id: string, start: 'from' | 'to', end: 'from' | 'to'): Set<string> {
	const found = new Set([id]);
	let last: readonly string[] = [id];
	for (let step = 0; step < STEPS; step += 1) {
		const ends = new Set(last);
		last = edges.filter((edge) => ends.has(edge[start].id)).map((edge) => edge[end].id);
		for (const each of last) found.add(each);
	}
	return found;
}

/** More cannot be read on one screen. */
const MOST_AT_ONCE = 60;

/** Around what a large picture begins; '': all of it is shown. */
export function startOf({ boxes }: Picture): string {
	if (boxes.length <= MOST_AT_ONCE) return '';
	return (boxes.find(({ kind }) => kind === 'virtualGateway') ?? boxes[0])?.id ?? '';
}

export const keyOfBox = ({ kind, mesh, name }: PictureBox): ResourceKey => ({ kind, mesh, parent: '', name });

/** How the Envoys of a node or gateway are. */
export interface NodeState {
	readonly mark: 'good' | 'waiting' | 'bad' | 'none';
	readonly text: string;
}

/** Others may be connected to another control of the same etcd. */
const none: NodeState = { mark: 'none', text: 'no Envoy here' };

/** As Envoys call themselves. */
export const nodeId = ({ mesh, kind, name }: Omit<PictureBox, 'id'>): string => `mesh/${mesh}/${kind}/${name}`;

/** Undefined: it has no Envoy, or none is served from here. */
export function nodeState(nodes: readonly NodeStatus[] | undefined, of: Omit<PictureBox, 'id'>): NodeState | undefined {
	if (nodes === undefined || (of.kind !== 'virtualNode' && of.kind !== 'virtualGateway')) return undefined;
	const found = nodes.find(({ node }) => node === nodeId(of));
	return found === undefined ? none : stateOf(found);
}

/** How many requests go to a virtual node; undefined: nobody reports it. */
export const loadTo = (nodes: readonly NodeStatus[] | undefined, of: Omit<PictureBox, 'id'>): Load | undefined =>
	loadByTarget(nodes ?? []).get(nodeId(of));

export function stateOf({ connected, settled, rejected, trouble }: NodeStatus): NodeState {
	if (rejected !== undefined) return { mark: 'bad', text: 'rejected' };
	if (trouble !== undefined) return { mark: 'bad', text: 'held up' };
	if (connected === 0) return none;
	if (settled < connected) return { mark: 'waiting', text: `${settled} of ${connected} up to date` };
	return { mark: 'good', text: connected === 1 ? '1 Envoy' : `${connected} Envoys` };
}
