import { closest } from 'fastest-levenshtein';
import { quote } from '../lib/escape.ts';
import type { Catalog } from './catalog.ts';
import type { Mistake, ResourceOf } from './resource.ts';
import { routeOf, targetPort } from './route-kind.ts';
import type { Kind } from './schema/kinds.ts';

/** What AWS found out at run time or never: names that nothing has, protocols and ports that do not fit together. */
export const checkReferences = (catalog: Catalog): Mistake[] => [
	...catalog.all('virtualService').flatMap((service) => checkService(catalog, service)),
	...catalog.all('route').flatMap((route) => checkRoute(catalog, route)),
	...catalog.all('virtualNode').flatMap((node) => checkBackends(catalog, node)),
];

interface Reference {
	readonly from: Pick<ResourceOf<Kind>, 'placeOf'>;
	/** Where the name stands. */
	readonly path: string;
	readonly to: Kind;
	readonly name: string;
}

function dangling(catalog: Catalog, { from, path, to, name }: Reference): Mistake[] {
	if (catalog.get(to, name) !== undefined) return [];
	const known = catalog.all(to).map((resource) => resource.name);
	const hint = known.length === 0 ? `there is no ${to} at all` : `did you mean ${quote(closest(name, known))}?`;
	return [{ ...from.placeOf(path), why: `no ${to} is called ${quote(name)}`, hint }];
}

function checkService(catalog: Catalog, service: ResourceOf<'virtualService'>): Mistake[] {
	const { virtualNode, virtualRouter } = service.spec.provider ?? {};
	const path = 'spec.provider';
	if (virtualRouter !== undefined) {
		const name = virtualRouter.virtualRouterName;
		return dangling(catalog, {
			from: service,
			path: `${path}.virtualRouter.virtualRouterName`,
			to: 'virtualRouter',
			name,
		});
	}
	if (virtualNode === undefined) return [];
	const at = `${path}.virtualNode.virtualNodeName`;
	return checkTarget(catalog, { from: service, path: at, to: 'virtualNode', name: virtualNode.virtualNodeName });
}

/** Traffic is sent to it, so that others must be able to find it. */
function checkTarget(catalog: Catalog, reference: Reference): Mistake[] {
	const node = catalog.get('virtualNode', reference.name);
	if (node === undefined) return dangling(catalog, reference);
	const place = reference.from.placeOf(reference.path);
	if (node.spec.serviceDiscovery === undefined)
		return [
			{
				...place,
				why: `virtual node ${quote(node.name)} has no serviceDiscovery, so that nobody can find it`,
				hint: 'give it serviceDiscovery.dns.hostname',
			},
		];
	if ((node.spec.listeners ?? []).length > 0) return [];
	return [{ ...place, why: `virtual node ${quote(node.name)} has no listener`, hint: 'give it spec.listeners' }];
}

function checkRoute(catalog: Catalog, route: ResourceOf<'route'>): Mistake[] {
	const { placeOf, parent } = route;
	const router = catalog.get('virtualRouter', parent);
	if (router === undefined)
		return dangling(catalog, { from: route, path: 'virtualRouterName', to: 'virtualRouter', name: parent });
	const found = routeOf(route.spec);
	if (found === undefined)
		return [
			{
				...placeOf('spec'),
				why: 'exactly one kind of route is needed',
				hint: 'httpRoute, http2Route, grpcRoute or tcpRoute',
			},
		];
	const { key, protocol, targets } = found;
	const listeners = router.spec.listeners ?? [];
	const fits = listeners.length === 0 || listeners.some(({ portMapping }) => portMapping.protocol === protocol);
	const misfit = {
		...placeOf(`spec.${key}`),
		why: `${key} does not fit virtual router ${quote(parent)}, which has ${listeners.map(({ portMapping }) => portMapping.protocol).join(', ')}`,
		hint: `use the route of the router's protocol, or change its listener (aws-app-mesh-roadmap #82)`,
	};
	const weights = targets.reduce((sum, { weight }) => sum + weight, 0);
	const path = `spec.${key}.action.weightedTargets`;
	return [
		...(fits ? [] : [misfit]),
		...(weights > 0
			? []
			: [{ ...placeOf(path), why: 'the weights add up to 0', hint: 'from 1 to 100 for each that is to get traffic' }]),
		...targets.flatMap((target, at) => {
			const reference = {
				from: route,
				path: `${path}[${at}].virtualNode`,
				to: 'virtualNode',
				name: target.virtualNode,
			} as const;
			const wrong = checkTarget(catalog, reference);
			return wrong.length > 0 ? wrong : checkPort(catalog, reference, target.port, protocol);
		}),
	];
}

function checkPort(
	catalog: Catalog,
	{ from, path, name }: Reference,
	port: number | undefined,
	protocol: string,
): Mistake[] {
	const listeners = catalog.get('virtualNode', name)?.spec.listeners ?? [];
	const chosen = targetPort(listeners, port);
	const ports = listeners.map(({ portMapping }) => `${portMapping.port} (${portMapping.protocol})`).join(', ');
	if (chosen === undefined) {
		const why =
			port === undefined
				? `virtual node ${quote(name)} has several listeners`
				: `virtual node ${quote(name)} does not listen on ${port}`;
		return [{ ...from.placeOf(path), why, hint: `write port beside it: ${ports}` }];
	}
	if (chosen.portMapping.protocol === protocol) return [];
	const why = `virtual node ${quote(name)} listens with ${ports}, which does not fit the route's ${protocol}`;
	return [{ ...from.placeOf(path), why, hint: 'route and target need the same protocol (aws-app-mesh-roadmap #82)' }];
}

const checkBackends = (catalog: Catalog, node: ResourceOf<'virtualNode'>): Mistake[] =>
	(node.spec.backends ?? []).flatMap(({ virtualService }, at) => {
		const name = serviceName(virtualService?.virtualServiceName ?? '');
		const path = `spec.backends[${at}].virtualService.virtualServiceName`;
		return dangling(catalog, { from: node, path, to: 'virtualService', name });
	});

/** A backend may be named by its ARN: `arn:aws:appmesh:REGION:ACCOUNT:mesh/MESH/virtualService/NAME`. */
export const serviceName = (text: string): string =>
	/^arn:[^/]+:mesh\/[^/]+\/virtualService\/(.+)$/.exec(text)?.[1] ?? text;
