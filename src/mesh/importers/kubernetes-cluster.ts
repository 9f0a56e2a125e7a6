import type { ParsedDocument } from '../document.ts';
import { fieldsOf, itemsOf, object, partOf, scalar, type Traced, type TracedObject, textAt } from '../traced.ts';

export interface KubernetesObject {
	readonly document: ParsedDocument;
	readonly apiVersion: string;
	readonly kind: string;
	readonly name: string;
	/** '' for a Mesh, which belongs to none. */
	readonly namespace: string;
	readonly whole: Traced;
	readonly spec: Traced | undefined;
}

/** What objects are to each other: the controller's rules for names and references. */
export interface Cluster {
	readonly awsName: (of: Pick<KubernetesObject, 'kind' | 'name' | 'namespace' | 'spec'>) => string;
	/** App Mesh's name of the object that a reference means, whether or not its manifest is there. */
	readonly nameOfReference: (kind: string, reference: Traced, namespace: string) => string;
	/** Undefined: a Mesh selects namespaces by labels, which manifests of the mesh do not have. */
	readonly meshOf: (of: KubernetesObject) => string | undefined;
	readonly gatewayOf: (of: KubernetesObject) => string | undefined;
	/** The same spec with the services of its backend groups among its backends. */
	readonly withBackendGroups: (of: KubernetesObject, spec: TracedObject) => TracedObject;
}

const keyOf = (kind: string, namespace: string, name: string): string => JSON.stringify([kind, namespace, name]);

export function createCluster(objects: readonly KubernetesObject[]): Cluster {
	const known = new Map(objects.map((each) => [keyOf(each.kind, each.namespace, each.name), each]));
	const find = (kind: string, reference: Traced | undefined, namespace: string) => {
		const name = textAt(reference, 'name') ?? '';
		const within = kind === 'Mesh' ? '' : (textAt(reference, 'namespace') ?? namespace);
		return known.get(keyOf(kind, within, name)) ?? { kind, name, namespace: within, spec: undefined };
	};
	const nameOfReference = (kind: string, reference: Traced, namespace: string) =>
		awsName(find(kind, reference, namespace));
	return {
		awsName,
		nameOfReference,
		meshOf: ({ spec }) => {
			const reference = partOf(spec, 'meshRef');
			return reference === undefined ? undefined : nameOfReference('Mesh', reference, '');
		},
		gatewayOf: (route) => gatewayOf(objects, route, nameOfReference),
		withBackendGroups: (node, spec) => {
			const groups = itemsOf(partOf(node.spec, 'backendGroups'));
			const services = groups.flatMap((group) => servicesOf(objects, find('BackendGroup', group, node.namespace)));
			if (services.length === 0) return spec;
			const given = partOf(spec, 'backends');
			const backends = { kind: 'list', items: [...itemsOf(given), ...services], at: given?.at ?? spec.at } as const;
			return object([...spec.fields, ['backends', backends]], spec.at);
		},
	};
}

/** `NAME_NAMESPACE`, but `NAME.NAMESPACE` of a virtual service, and `NAME` of a mesh. */
export function awsName({
	kind,
	name,
	namespace,
	spec,
}: Pick<KubernetesObject, 'kind' | 'name' | 'namespace' | 'spec'>): string {
	const given = textAt(spec, 'awsName') ?? '';
	if (given !== '') return given;
	if (kind === 'Mesh') return name;
	return `${name}${kind === 'VirtualService' ? '.' : '_'}${namespace}`;
}

function gatewayOf(
	objects: readonly KubernetesObject[],
	route: KubernetesObject,
	nameOfReference: Cluster['nameOfReference'],
): string | undefined {
	const reference = partOf(route.spec, 'virtualGatewayRef');
	if (reference !== undefined) return nameOfReference('VirtualGateway', reference, route.namespace);
	const gateways = objects.filter(({ kind }) => kind === 'VirtualGateway');
	const selecting = gateways.filter((gateway) => selects(gateway, route));
	const [only, ...more] = selecting.length > 0 ? selecting : gateways;
	return only === undefined || more.length > 0 ? undefined : awsName(only);
}

/** By the labels that the gateway asks for, if it asks for any. */
function selects(gateway: KubernetesObject, route: KubernetesObject): boolean {
	const wanted = fieldsOf(partOf(partOf(gateway.spec, 'gatewayRouteSelector'), 'matchLabels'));
	if (wanted.size === 0) return false;
	return [...wanted.keys()].every((key) => {
		const value = textAt(gateway.spec, 'gatewayRouteSelector', 'matchLabels', key);
		return value !== undefined && value === textAt(route.whole, 'metadata', 'labels', key);
	});
}

type Group = Pick<KubernetesObject, 'kind' | 'name' | 'namespace' | 'spec'>;

/** The group `*` is every virtual service of its namespace. */
function servicesOf(objects: readonly KubernetesObject[], { name, namespace, spec }: Group): Traced[] {
	const all = objects.filter((each) => each.kind === 'VirtualService' && each.namespace === namespace);
	const references =
		name === '*'
			? all.flatMap(({ whole }) => partOf(whole, 'metadata') ?? [])
			: itemsOf(partOf(spec, 'virtualservices'));
	return references.map((reference) => {
		const { at } = reference;
		// A reference's own namespace comes later, and so replaces the group's.
		const within = object([['namespace', scalar(namespace, at)], ...fieldsOf(reference)], at);
		return object([['virtualService', object([['virtualServiceRef', within]], at)]], at);
	});
}
