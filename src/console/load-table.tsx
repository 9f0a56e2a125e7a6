import type { NodeStatus, UpstreamLoad } from '../mesh/console-protocol.ts';
import { errorText, rateText } from '../mesh/show/upstream-load.ts';
import { findMeshNode, type MeshNode } from '../values/mesh-node.ts';
import { hrefOfKey } from './location.ts';
import { Table } from './parts.tsx';

interface LoadTableProps {
	readonly mesh: string;
	readonly nodes: readonly NodeStatus[];
}

/** Nobody reads more. */
const MOST_SHOWN = 100;

/** Who sends how many requests to whom; nothing where no Envoy reports it. */
export function LoadTable({ mesh, nodes }: LoadTableProps) {
	const reporting = nodes.filter(({ node, load }) => load !== undefined && findMeshNode(node)?.mesh === mesh);
	if (reporting.length === 0) return null;
	const rows = rowsOf(reporting);
	return (
		<section>
			<h2>Requests</h2>
			<p>{WHAT}</p>
			{rows.length === 0 ? <p>Nothing was sent.</p> : <Rows rows={rows.slice(0, MOST_SHOWN)} />}
			{rows.length > MOST_SHOWN ? <p>and {rows.length - MOST_SHOWN} more, with fewer requests</p> : null}
		</section>
	);
}

const WHAT =
	'As the Envoys that are connected here have reported last; they do so every ten seconds. Errors are answers of 5xx and requests without an answer.';

interface LoadRow {
	readonly from: string;
	readonly load: UpstreamLoad;
}

const rowsOf = (nodes: readonly NodeStatus[]): readonly LoadRow[] =>
	nodes
		.flatMap(({ node, load = [] }) => load.map((one) => ({ from: node, load: one })))
		.filter(({ load }) => load.requests + load.failed > 0)
		.sort((a, b) => b.load.requests - a.load.requests);

const Rows = ({ rows }: { readonly rows: readonly LoadRow[] }) => (
	<Table caption="Requests" heads={['From', 'To', 'Requests', 'Errors']}>
		{rows.map(({ from, load }) => (
			<tr key={`${from} ${load.node}`}>
				<th scope="row">
					<NodeLink node={findMeshNode(from)} />
				</th>
				<td>
					<NodeLink node={findMeshNode(load.node)} />
				</td>
				<td>{rateText(load)}</td>
				<td>{errorText(load)}</td>
			</tr>
		))}
	</Table>
);

const NodeLink = ({ node }: { readonly node: MeshNode | undefined }) =>
	node === undefined ? null : (
		<a href={hrefOfKey({ ...node, parent: '' })}>
			<bdi>{node.name}</bdi>
		</a>
	);
