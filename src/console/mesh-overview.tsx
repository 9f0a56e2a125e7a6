import { useMemo } from 'preact/hooks';
import { createCatalog } from '../mesh/catalog.ts';
import type { ResourcesReply } from '../mesh/console-protocol.ts';
import { misfitsOf } from '../mesh/load-mesh.ts';
import type { Mistake } from '../mesh/resource.ts';
import { graphOf } from '../mesh/show/graph.ts';
import { warningsOf } from '../mesh/warnings.ts';
import { asResource } from './check-draft.ts';
import { useShared } from './context.ts';
import { useEntryState } from './entry-state.ts';
import { kindWords } from './kind-words.ts';
import { LoadTable } from './load-table.tsx';
import { NotSeen } from './mesh-list.tsx';
import { MeshPicture } from './mesh-picture.tsx';
import { CallTable, NodeTable } from './mesh-tables.tsx';
import { Heading, Notice } from './parts.tsx';
import { around, type Picture, pictureOf, startOf } from './picture.ts';

interface MeshOverviewProps {
	readonly mesh: string;
	readonly reply: ResourcesReply;
}

/** Who calls what, by which weights, and what is wrong. */
export function MeshOverview({ mesh, reply }: MeshOverviewProps) {
	const { state } = useShared();
	const catalog = useMemo(() => createCatalog(mesh, reply.resources.map(asResource)), [mesh, reply]);
	const whole = useMemo(() => pictureOf(graphOf([catalog])), [catalog]);
	const [mistakes, warnings] = useMemo(() => judged(catalog), [catalog]);
	const [chosen, setChosen] = useEntryState('around');
	const centre = chosen !== undefined && isIn(whole, chosen) ? chosen : startOf(whole);
	const picture = useMemo(() => (centre === '' ? whole : around(whole, centre)), [whole, centre]);
	return (
		<>
			<Heading text={mesh} about="Mesh" />
			<NotSeen reply={reply} />
			<Findings title="What does not hold together" mistakes={mistakes} />
			{whole.boxes.length === 0 ? (
				<p>There is nothing in this mesh yet.</p>
			) : (
				<>
					<section>
						<div class="title">
							<h2>Who calls what</h2>
							<Around whole={whole} centre={centre} onChoose={setChosen} />
						</div>
						<MeshPicture picture={picture} nodes={state?.nodes} />
					</section>
					<CallTable picture={picture} />
				</>
			)}
			{state?.nodes === undefined ? null : <NodeTable mesh={mesh} nodes={state.nodes} />}
			<LoadTable mesh={mesh} nodes={state?.nodes ?? []} />
			<Findings title="What is probably not meant" mistakes={warnings} />
		</>
	);
}

/** What was chosen may be gone. */
const isIn = ({ boxes }: Picture, id: string): boolean => id === '' || boxes.some((box) => box.id === id);

/** With mistakes nothing else is told. */
function judged(catalog: ReturnType<typeof createCatalog>): readonly [readonly Mistake[], readonly Mistake[]] {
	const mistakes = misfitsOf(catalog);
	return [mistakes, mistakes.length === 0 ? warningsOf(catalog) : []];
}

interface AroundProps {
	readonly whole: Picture;
	/** '': all of it. */
	readonly centre: string;
	readonly onChoose: (id: string) => void;
}

/** Of a large mesh a part is easier to read. */
const Around = ({ whole, centre, onChoose }: AroundProps) => (
	<label class="filter">
		Show
		<select value={centre} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
			<option value="">everything</option>
			{whole.boxes.map(({ id, kind, name }) => (
				<option key={id} value={id}>
					around {kindWords[kind].one} {name}
				</option>
			))}
		</select>
	</label>
);

const Findings = ({ title, mistakes }: { readonly title: string; readonly mistakes: readonly Mistake[] }) =>
	mistakes.length === 0 ? null : (
		<Notice>
			<h2>{title}</h2>
			<FindingList mistakes={mistakes.slice(0, AT_FIRST)} />
			{mistakes.length > AT_FIRST ? (
				<details>
					<summary>and {mistakes.length - AT_FIRST} more</summary>
					<FindingList mistakes={mistakes.slice(AT_FIRST)} />
				</details>
			) : null}
		</Notice>
	);

const AT_FIRST = 10;

const FindingList = ({ mistakes }: { readonly mistakes: readonly Mistake[] }) => (
	<ul>
		{mistakes.map(({ file, path, why, hint }) => (
			<li key={`${file} ${path} ${why}`}>
				<bdi>
					{file}
					{path === '' ? '' : ` ${path}`}: {why}
					{hint === '' ? '' : `; ${hint}`}
				</bdi>
			</li>
		))}
	</ul>
);
