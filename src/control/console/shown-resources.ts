import { hash } from 'node:crypto';
import type { NodeStatus, ResourcesReply, ShownEvent, ShownResource } from '../../mesh/console-protocol.ts';
import { mistakeLine } from '../../mesh/mistake-line.ts';
import type { Kind } from '../../mesh/schema/kinds.ts';
import type { Entry, Listing } from '../../store/store.ts';
import { arnOf, type Owner } from '../arn.ts';
import type { Principal } from '../authorise.ts';
import type { HistoryEvent } from '../history.ts';

interface Whose {
	readonly owner: Owner;
	readonly principal: Principal;
}

/** All of a mesh, or without a name the meshes, as far as who asks may describe them. */
export function resourcesReply(
	{ entries, errors }: Listing,
	meshName: string | undefined,
	{ owner, principal }: Whose,
): ResourcesReply {
	const wanted = entries.filter(({ resource }) =>
		meshName === undefined ? resource.kind === 'mesh' : resource.mesh === meshName,
	);
	const shown = wanted.map((entry) => shownAs(owner, entry)).filter(({ kind, arn }) => maySee(principal, kind, arn));
	// What is in a file is not known to be of any mesh.
	const maySeeAll = principal.denies('appmesh:ListMeshes', '*') === undefined;
	return {
		resources: shown,
		hidden: wanted.length - shown.length,
		unread: maySeeAll ? errors.map(mistakeLine) : [],
		tag: tagOf({ entries, errors }),
	};
}

/** Another one whenever anything is another one. */
export const tagOf = ({ entries, errors }: Pick<Listing, 'entries' | 'errors'>): string =>
	hash('sha256', JSON.stringify([entries.map(({ resource, revision }) => [resource.name, revision]), errors]));

/** Of what who asks may describe. */
export const nodesFor = (nodes: readonly NodeStatus[], { owner, principal }: Whose): readonly NodeStatus[] =>
	nodes.flatMap((status) => {
		const maySeeNode = ({ node }: { readonly node: string }): boolean => {
			const arn = `arn:aws:appmesh:${owner.region}:${owner.account}:${node}`;
			return maySee(principal, kindOf(arn), arn);
		};
		if (!maySeeNode(status)) return [];
		return status.load === undefined ? status : { ...status, load: status.load.filter(maySeeNode) };
	});

/** Those of what who asks may describe. */
export const eventsFor = (events: readonly HistoryEvent[], principal: Principal): readonly ShownEvent[] =>
	events.filter(({ resource }) => maySee(principal, kindOf(resource), resource));

const maySee = (principal: Principal, kind: Kind, arn: string): boolean =>
	principal.denies(`appmesh:Describe${kind.replace(/^./, (letter) => letter.toUpperCase())}`, arn) === undefined;

/** The last kind that stands in the ARN. */
function kindOf(arn: string): Kind {
	const inner = /\/(virtualService|virtualNode|virtualRouter|virtualGateway)\/[^/]+(?:\/(route|gatewayRoute)\/)?/.exec(
		arn,
	);
	return (inner?.[2] ?? inner?.[1] ?? 'mesh') as Kind;
}

function shownAs(owner: Owner, { resource, tags, metadata, revision, fixed }: Entry): ShownResource {
	const { kind, mesh, parent, name, spec } = resource;
	return {
		...{ kind, mesh, parent, name, spec, tags, revision },
		arn: arnOf(owner, resource),
		...{ uid: metadata.uid, version: metadata.version },
		createdAt: new Date(metadata.createdMs).toISOString(),
		updatedAt: new Date(metadata.updatedMs).toISOString(),
		...(fixed === undefined ? {} : { fixed }),
	};
}
