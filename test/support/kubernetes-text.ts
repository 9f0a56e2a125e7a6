// PURE. Any mesh as manifests of App Mesh's controller: names are references there, and routes stand in their routers.
import { stringify } from 'yaml';
import { escapeTemplates } from '../../src/mesh/fill-templates.ts';
import type { Resource } from '../../src/mesh/resource.ts';
import { type Kind, parentOf } from '../../src/mesh/schema/kinds.ts';

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The object of the cluster, which has another name than the resource. */
type ObjectOf = (kind: Kind, name: string) => string;

export function kubernetesText(resources: readonly Resource[]): string {
	const keyOf = (kind: Kind, name: string): string => JSON.stringify([kind, name]);
	const names = new Map(resources.map(({ kind, name }, at) => [keyOf(kind, name), `o${at}`]));
	const objectOf: ObjectOf = (kind, name) => names.get(keyOf(kind, name)) ?? '';
	const manifests = resources.flatMap((resource) => {
		if (resource.kind === 'route') return [];
		const routes = resources.filter(({ kind, parent }) => kind === 'route' && parent === resource.name);
		return [manifestOf(resource, resource.kind === 'virtualRouter' ? routes : [], objectOf)];
	});
	return manifests.map((manifest) => stringify(escaped(manifest), { aliasDuplicateObjects: false })).join('---\n');
}

function manifestOf({ kind, mesh, name, parent, spec }: Resource, routes: readonly Resource[], objectOf: ObjectOf) {
	const outer = parentOf[kind];
	const own = inCluster(spec, objectOf) as object;
	const inMesh = { meshRef: { name: objectOf('mesh', mesh), uid: 'x' } };
	const { serviceDiscovery, ...rest } = own as { readonly serviceDiscovery?: object };
	const meshSpec = { ...rest, ...(serviceDiscovery === undefined ? {} : { meshServiceDiscovery: serviceDiscovery }) };
	return {
		...{ apiVersion: 'appmesh.k8s.aws/v1beta2', kind: upperFirst(kind) },
		metadata: { name: objectOf(kind, name), ...(kind === 'mesh' ? {} : { namespace: 'shop' }) },
		spec: {
			awsName: name,
			...(kind === 'mesh' ? meshSpec : { ...inMesh, ...own }),
			...(outer === undefined ? {} : { [`${outer}Ref`]: { name: objectOf(outer, parent), namespace: 'shop' } }),
			...(routes.length === 0
				? {}
				: { routes: routes.map((route) => ({ name: route.name, ...(inCluster(route.spec, objectOf) as object) })) }),
		},
	};
}

/** `virtualNodeName`, and `virtualNode` of a target, by reference. */
function inCluster(value: unknown, objectOf: ObjectOf): unknown {
	if (Array.isArray(value)) return value.map((item: unknown) => inCluster(item, objectOf));
	if (typeof value !== 'object' || value === null) return value;
	const entries = Object.entries(value).map(([key, inner]: [string, unknown]) => {
		const [, kind] = /^(virtual(?:Node|Router|Service))(?:Name)?$/.exec(key) ?? [];
		if (kind === undefined || typeof inner !== 'string') return [key, inCluster(inner, objectOf)];
		return [`${kind}Ref`, { name: objectOf(kind as Kind, inner) }];
	});
	return Object.fromEntries(entries);
}

function escaped(value: unknown): unknown {
	if (typeof value === 'string') return escapeTemplates(value);
	if (Array.isArray(value)) return value.map(escaped);
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, escaped(inner)]));
}
