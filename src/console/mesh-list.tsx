import type { ResourcesReply } from '../mesh/console-protocol.ts';
import { hrefOf, newMesh } from './location.ts';
import { Heading, Notice } from './parts.tsx';
import { ResourceTable } from './resource-table.tsx';

export function MeshList({ reply }: { readonly reply: ResourcesReply }) {
	const { resources } = reply;
	return (
		<>
			<div class="title">
				<Heading text="Meshes" />
				<a class={resources.length === 0 ? 'button' : 'button main'} href={hrefOf(newMesh)}>
					Create mesh
				</a>
			</div>
			<NotSeen reply={reply} />
			{resources.length === 0 ? <FirstRun /> : <Meshes reply={reply} />}
		</>
	);
}

const FirstRun = () => (
	<section class="welcome">
		<h2>Your first mesh</h2>
		<p>
			A mesh is a set of services that find each other by name, and whose requests you route by path, header and weight.
			The wizard makes one of each that a service needs: mesh, virtual service, virtual node, virtual router and route.
		</p>
		<p>
			<a class="button main" href={hrefOf({ view: 'start' })}>
				Get started
			</a>
		</p>
	</section>
);

const Meshes = ({ reply: { resources } }: { readonly reply: ResourcesReply }) => (
	<ResourceTable
		caption="Meshes"
		about="What it is"
		resources={resources}
		hrefOf={({ name }) => hrefOf({ view: 'mesh', mesh: name })}
	/>
);

/** What there is, and is not shown. */
export const NotSeen = ({ reply: { hidden, unread } }: { readonly reply: ResourcesReply }) => (
	<>
		{hidden === 0 ? null : (
			<Notice>
				<p>Your policies do not let you see {hidden === 1 ? 'one more resource' : `${hidden} more resources`}.</p>
			</Notice>
		)}
		{unread.length === 0 ? null : (
			<Notice>
				<h2>Definitions that cannot be read</h2>
				<ul>
					{unread.map((line) => (
						<li key={line}>
							<bdi>{line}</bdi>
						</li>
					))}
				</ul>
			</Notice>
		)}
	</>
);
