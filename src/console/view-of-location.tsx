import type { ResourcesReply } from '../mesh/console-protocol.ts';
import { isSameKey } from '../mesh/resource.ts';
import { CreateView } from './create-view.tsx';
import { EditView } from './edit-view.tsx';
import { HistoryView } from './history-view.tsx';
import { KindList } from './kind-list.tsx';
import { kindWords } from './kind-words.ts';
import { hrefOf, type Location } from './location.ts';
import { MeshList } from './mesh-list.tsx';
import { MeshOverview } from './mesh-overview.tsx';
import { Heading } from './parts.tsx';
import { ResourceView } from './resource-view.tsx';
import { WizardView } from './wizard-view.tsx';

interface ViewProps {
	readonly location: Location;
	readonly address: string;
	readonly reply: ResourcesReply;
}

export function View({ location, address, reply }: ViewProps) {
	switch (location.view) {
		case 'meshes':
			return <MeshList reply={reply} />;
		case 'start':
			return <WizardView />;
		case 'history':
			return <HistoryView mesh={location.mesh} />;
		case 'unknown':
			return <Missing text="There is no such page" why="Its address is cut off, or of another version." />;
		case 'mesh':
			if (reply.resources.length === 0) return <MissingMesh mesh={location.mesh} reply={reply} />;
			return <MeshOverview mesh={location.mesh} reply={reply} />;
		case 'list':
			return <KindList mesh={location.mesh} kind={location.kind} reply={reply} />;
		case 'create':
			return (
				<CreateView
					mesh={location.mesh}
					kind={location.kind}
					parent={location.parent}
					address={address}
					reply={reply}
				/>
			);
		case 'resource':
		case 'edit':
			return <OfResource location={location} address={address} reply={reply} />;
	}
}

type OfResourceProps = ViewProps & { readonly location: Location & { readonly view: 'resource' | 'edit' } };

function OfResource({ location: { view, key }, address, reply }: OfResourceProps) {
	const resource = reply.resources.find((each) => isSameKey(each, key));
	if (resource === undefined)
		return <Missing text={`There is no ${kindWords[key.kind].one} ${key.name}`} mesh={key.mesh} />;
	return view === 'edit' ? (
		<EditView resource={resource} address={address} reply={reply} />
	) : (
		<ResourceView resource={resource} reply={reply} />
	);
}

const MissingMesh = ({ mesh, reply: { hidden } }: { readonly mesh: string; readonly reply: ResourcesReply }) =>
	hidden > 0 ? (
		<Missing text={`Your policies do not let you see mesh ${mesh}`} why="Who keeps the access keys can allow it." />
	) : (
		<Missing text={`There is no mesh ${mesh}`} />
	);

interface MissingProps {
	readonly text: string;
	readonly mesh?: string;
	readonly why?: string;
}

const Missing = ({ text, mesh, why = 'It may have been deleted, or renamed by making another one.' }: MissingProps) => (
	<>
		<Heading text={text} />
		<p>{why}</p>
		<p>
			{mesh === undefined ? (
				<a href={hrefOf({ view: 'meshes' })}>See all meshes</a>
			) : (
				<a href={hrefOf({ view: 'mesh', mesh })}>
					See mesh <bdi>{mesh}</bdi>
				</a>
			)}
		</p>
	</>
);
