import type { NodeStatus } from '../mesh/console-protocol.ts';
import { findMeshNode } from '../values/mesh-node.ts';
import { EnvoyState } from './envoy-state.tsx';
import { kindWords } from './kind-words.ts';
import { hrefOfKey } from './location.ts';
import { Table } from './parts.tsx';
import { keyOfBox, type Picture, type PictureBox, stateOf } from './picture.ts';

/** What the picture shows, in words. */
export const CallTable = ({ picture: { edges } }: { readonly picture: Picture }) => (
	<details>
		<summary>The same as a table</summary>
		<Table caption="Who calls what" heads={['From', 'To', 'By (weight · match)']}>
			{edges.map(({ from, to, labels }) => (
				<tr key={`${from.id} ${to.id}`}>
					<td>
						<BoxLink box={from} />
					</td>
					<td>
						<BoxLink box={to} />
					</td>
					<td>
						{labels.map((label) => (
							<div key={label}>
								<bdi>{label}</bdi>
							</div>
						))}
					</td>
				</tr>
			))}
		</Table>
	</details>
);

const BoxLink = ({ box }: { readonly box: PictureBox }) => (
	<>
		{kindWords[box.kind].one}{' '}
		<a href={hrefOfKey(keyOfBox(box))}>
			<bdi>{box.name}</bdi>
		</a>
	</>
);

/** Which Envoys are connected, and whether they took what they were sent. */
export function NodeTable({ mesh, nodes }: { readonly mesh: string; readonly nodes: readonly NodeStatus[] }) {
	const own = nodes.flatMap((status) => {
		const of = findMeshNode(status.node);
		return of?.mesh === mesh ? [{ status, of }] : [];
	});
	return (
		<section>
			<h2>Envoys</h2>
			{own.length === 0 ? (
				<p>No Envoy of this mesh is connected here.</p>
			) : (
				<Table caption="Envoys" heads={['Of', 'State', 'Connected', 'Accepted', 'Version']}>
					{own.map(({ status, of }) => {
						return (
							<tr key={status.node}>
								<th scope="row">
									<a href={hrefOfKey({ ...of, parent: '' })}>
										<bdi>{of.name}</bdi>
									</a>
								</th>
								<td>
									<EnvoyState state={stateOf(status)} status={status} />
								</td>
								<td>{status.connected}</td>
								<td>{status.settled}</td>
								<td>
									<code>{status.version.slice(0, 12)}</code>
								</td>
							</tr>
						);
					})}
				</Table>
			)}
		</section>
	);
}
