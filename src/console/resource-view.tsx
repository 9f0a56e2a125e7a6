import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { ResourcesReply, ShownResource } from '../mesh/console-protocol.ts';
import { findUses, type Use } from '../mesh/needed.ts';
import { type Kind, parentOf } from '../mesh/schema/kinds.ts';
import { loadText } from '../mesh/show/upstream-load.ts';
import { asResource, type Syntax, specText } from './check-draft.ts';
import { useShared } from './context.ts';
import { DeleteDialog } from './delete-dialog.tsx';
import { EnvoyState } from './envoy-state.tsx';
import { Rows } from './kind-list.tsx';
import { capital, kindWords } from './kind-words.ts';
import { hrefOf, hrefOfKey } from './location.ts';
import { Facts, Heading, Moment, Notice } from './parts.tsx';
import { loadTo, nodeId, nodeState } from './picture.ts';
import { Tags } from './tag-editor.tsx';
import { UseList } from './use-list.tsx';

interface ResourceViewProps {
	readonly resource: ShownResource;
	readonly reply: ResourcesReply;
}

/** All that there is to say of one resource. */
export function ResourceView({ resource, reply }: ResourceViewProps) {
	const { kind, mesh, parent, name, fixed } = resource;
	const [isDeleting, setIsDeleting] = useState(false);
	const uses = useMemo(() => findUses(reply.resources.map(asResource), resource), [reply, resource]);
	return (
		<>
			<Outer resource={resource} />
			<div class="title">
				<Heading text={name} about={kind === 'mesh' ? 'Mesh settings' : capital(kindWords[kind].one)} />
				{fixed === undefined ? (
					<span class="buttons">
						<a class="button main" href={hrefOf({ view: 'edit', key: { kind, mesh, parent, name } })}>
							Edit
						</a>
						<button type="button" class="danger" onClick={() => setIsDeleting(true)}>
							Delete…
						</button>
					</span>
				) : null}
			</div>
			{fixed === undefined ? null : (
				<Notice>
					<p>
						It cannot be changed here: <bdi>{fixed}</bdi>.
					</p>
				</Notice>
			)}
			<Facts rows={[...factsOf(resource), ...useEnvoyFact(resource)]} />
			<Spec spec={resource.spec} />
			<Inner resource={resource} reply={reply} />
			{kind === 'mesh' ? null : <Uses mesh={mesh} uses={uses} />}
			<Tags resource={resource} />
			{isDeleting ? <DeleteDialog resource={resource} uses={uses} onClose={() => setIsDeleting(false)} /> : null}
		</>
	);
}

const factsOf = ({ arn, version, updatedAt, createdAt, uid }: ShownResource) =>
	[
		['ARN', <code key="arn">{arn}</code>],
		['Version', version],
		['Changed', <Moment key="changed" at={updatedAt} />],
		['Created', <Moment key="created" at={createdAt} />],
		['UID', <code key="uid">{uid}</code>],
	] as const;

/** Of a node or a gateway, where Envoys are served from here. */
function useEnvoyFact({ mesh, kind, name }: ShownResource): readonly (readonly [string, ComponentChildren])[] {
	const { nodes } = useShared().state ?? {};
	const state = nodeState(nodes, { mesh, kind, name });
	const status = nodes?.find(({ node }) => node === nodeId({ mesh, kind, name }));
	const load = loadTo(nodes, { mesh, kind, name });
	return [
		...(state === undefined ? [] : [['Envoys', <EnvoyState key="envoys" state={state} status={status} />] as const]),
		...(load === undefined ? [] : [['Requests', loadText(load)] as const]),
	];
}

/** What it is in. */
function Outer({ resource: { kind, mesh, parent } }: { readonly resource: ShownResource }) {
	const outer = parentOf[kind];
	if (outer === undefined) return null;
	return (
		<p class="outer">
			{capital(kindWords[outer].one)}{' '}
			<a href={hrefOfKey({ kind: outer, mesh, parent: '', name: parent })}>
				<bdi>{parent}</bdi>
			</a>
		</p>
	);
}

function Spec({ spec }: { readonly spec: object }) {
	const [syntax, setSyntax] = useState<Syntax>('YAML');
	const other = syntax === 'YAML' ? 'JSON' : 'YAML';
	return (
		<section>
			<div class="title">
				<h2>Spec</h2>
				<button type="button" onClick={() => setSyntax(other)}>
					Show {other}
				</button>
			</div>
			{/* biome-ignore lint/a11y/noNoninteractiveTabindex: what is scrolled has to be reached by keyboard */}
			<section class="text" tabIndex={0} aria-label={`Spec in ${syntax}`}>
				<pre>{specText(spec, syntax)}</pre>
			</section>
		</section>
	);
}

const inner: Readonly<Partial<Record<Kind, Kind>>> = { virtualRouter: 'route', virtualGateway: 'gatewayRoute' };

/** The routes of a router, or of a gateway. */
function Inner({ resource: { kind, mesh, name }, reply }: ResourceViewProps) {
	const of = inner[kind];
	if (of === undefined) return null;
	const { one, many } = kindWords[of];
	const found = reply.resources.filter((each) => each.kind === of && each.parent === name);
	return (
		<section>
			<div class="title">
				<h2>{capital(many)}</h2>
				<a class="button" href={hrefOf({ view: 'create', mesh, kind: of, parent: name })}>
					Create {one}
				</a>
			</div>
			{found.length === 0 ? (
				<p>It has none, so that requests to it fail.</p>
			) : (
				<Rows caption={capital(many)} resources={found} />
			)}
		</section>
	);
}

const Uses = ({ mesh, uses }: { readonly mesh: string; readonly uses: readonly Use[] }) => (
	<section>
		<h2>In use by</h2>
		{uses.length === 0 ? <p>Nothing: it can be deleted.</p> : <UseList mesh={mesh} uses={uses} />}
	</section>
);
