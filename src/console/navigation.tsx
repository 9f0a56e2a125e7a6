import type { ResourcesReply } from '../mesh/console-protocol.ts';
import type { Kind } from '../mesh/schema/kinds.ts';
import { capital, kindWords } from './kind-words.ts';
import { hrefOf, hrefOfKey, type Location, meshOf } from './location.ts';

/** Routes are listed at their routers, and gateway routes at their gateways. */
const listed: readonly Kind[] = ['virtualService', 'virtualRouter', 'virtualNode', 'virtualGateway'];

interface NavigationProps {
	readonly location: Location;
	readonly reply: ResourcesReply | undefined;
}

/** Where one can go from here. */
export function Navigation({ location, reply }: NavigationProps) {
	const mesh = meshOf(location);
	const items: readonly Item[] = mesh === undefined ? general : ofMesh(mesh, reply);
	const current = location.view === 'unknown' ? undefined : hrefOf(placeInMenu(location));
	return (
		<nav class="menu" aria-label={mesh === undefined ? 'Console' : `Mesh ${mesh}`}>
			{mesh === undefined ? null : (
				<p class="of">
					<a href={hrefOf({ view: 'meshes' })}>All meshes</a>
				</p>
			)}
			<ul>
				{items.map(({ text, href, count }) => (
					<li key={href}>
						<a href={href} aria-current={href === current ? 'page' : undefined}>
							<bdi>{text}</bdi>
							{count === undefined ? null : <span class="count">{count}</span>}
						</a>
					</li>
				))}
			</ul>
		</nav>
	);
}

interface Item {
	readonly text: string;
	readonly href: string;
	readonly count?: number;
}

const general: readonly Item[] = [
	{ text: 'Meshes', href: hrefOf({ view: 'meshes' }) },
	{ text: 'Get started', href: hrefOf({ view: 'start' }) },
	{ text: 'History', href: hrefOf({ view: 'history', mesh: undefined }) },
];

const ofMesh = (mesh: string, reply: ResourcesReply | undefined): readonly Item[] => [
	{ text: mesh, href: hrefOf({ view: 'mesh', mesh }) },
	...listed.map((kind) => ({
		text: capital(kindWords[kind].many),
		href: hrefOf({ view: 'list', mesh, kind }),
		count: reply?.resources.filter((each) => each.kind === kind).length ?? 0,
	})),
	{ text: 'Mesh settings', href: hrefOfKey({ kind: 'mesh', mesh, parent: '', name: mesh }) },
	{ text: 'History', href: hrefOf({ view: 'history', mesh }) },
];

/** A resource is in the list of its kind, a route in that of routers. */
function placeInMenu(location: Location): Location {
	if (location.view === 'create') return { ...location, view: 'list', kind: listKind(location.kind) };
	if (location.view !== 'resource' && location.view !== 'edit') return location;
	const { kind, mesh } = location.key;
	return kind === 'mesh' ? { view: 'resource', key: location.key } : { view: 'list', mesh, kind: listKind(kind) };
}

const listKind = (kind: Kind): Kind =>
	kind === 'route' ? 'virtualRouter' : kind === 'gatewayRoute' ? 'virtualGateway' : kind;
