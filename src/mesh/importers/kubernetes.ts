import { isRecord } from '../check-shape.ts';
import type { ParsedDocument } from '../document.ts';
import type { Imported, RawResource } from '../resource.ts';
import { type Kind, nameKey, parentOf } from '../schema/kinds.ts';
import { fieldsOf, itemsOf, object, partOf, type Traced, textAt, trace } from '../traced.ts';
import { failed, fromParts, type Importer, imported, nothingImported, placeIn, together } from './importer.ts';
import { type Cluster, createCluster, type KubernetesObject } from './kubernetes-cluster.ts';
import { inApiTerms } from './kubernetes-references.ts';

/** Manifests of the App Mesh controller for Kubernetes: `appmesh.k8s.aws/v1beta2`. Objects of other APIs are passed over. */
export const kubernetes: Importer = {
	format: 'Kubernetes (appmesh.k8s.aws/v1beta2)',
	recognises: (value) =>
		isRecord(value) && typeof value['apiVersion'] === 'string' && typeof value['kind'] === 'string',
	read: (documents, parameters) => {
		const namespace = parameters.get('namespace') ?? 'default';
		const found = documents.flatMap((document) => objectsOf(document, trace(document.value), namespace));
		const cluster = createCluster(found);
		return together(found.map((each) => readObject(each, cluster)));
	},
	hasTemplates: true,
};

const kindsByName: ReadonlyMap<string, Kind> = new Map([
	['Mesh', 'mesh'],
	['VirtualNode', 'virtualNode'],
	['VirtualRouter', 'virtualRouter'],
	['VirtualService', 'virtualService'],
	['VirtualGateway', 'virtualGateway'],
	['GatewayRoute', 'gatewayRoute'],
]);

function objectsOf(document: ParsedDocument, whole: Traced, namespace: string): KubernetesObject[] {
	const apiVersion = textAt(whole, 'apiVersion') ?? '';
	const kind = textAt(whole, 'kind') ?? '';
	if (/List$/.test(kind))
		return itemsOf(partOf(whole, 'items')).flatMap((item) => objectsOf(document, item, namespace));
	if (!apiVersion.startsWith('appmesh.k8s.aws/')) return [];
	return [
		{
			...{ document, apiVersion, kind, whole },
			name: textAt(whole, 'metadata', 'name') ?? '',
			namespace: kind === 'Mesh' ? '' : (textAt(whole, 'metadata', 'namespace') ?? namespace),
			spec: partOf(whole, 'spec'),
		},
	];
}

const API_VERSION = 'appmesh.k8s.aws/v1beta2';

function readObject(found: KubernetesObject, cluster: Cluster): Imported {
	const { document, whole, kind, apiVersion } = found;
	if (apiVersion !== API_VERSION)
		return failed(
			placeIn(document, [...whole.at, 'apiVersion']),
			`${apiVersion} is another version of the controller's API, with routes in VirtualService and other names`,
			`take ${API_VERSION}, which the controller has had since version 1.0, or the output of aws appmesh describe-…`,
		);
	if (found.name === '')
		return failed(placeIn(document, [...whole.at, 'metadata']), 'metadata.name is missing', 'every object has one');
	if (kind === 'BackendGroup') return nothingImported;
	const appMeshKind = kindsByName.get(kind);
	if (appMeshKind !== undefined) return readKnown(found, appMeshKind, cluster);
	const known = [...kindsByName.keys(), 'BackendGroup'].join(', ');
	return failed(placeIn(document, [...whole.at, 'kind']), `${kind} is no kind of ${API_VERSION}`, `one of ${known}`);
}

function readKnown(found: KubernetesObject, kind: Kind, cluster: Cluster): Imported {
	const { document, whole } = found;
	const own = toResource(found, kind, cluster);
	if (kind === 'gatewayRoute' && own.parent === '')
		return failed(
			placeIn(document, whole.at),
			'it may belong to any virtual gateway: the selectors of gateways depend on the cluster',
			'write spec.virtualGatewayRef.name',
		);
	if (kind !== 'virtualRouter') return imported(own);
	const routes = itemsOf(partOf(found.spec, 'routes'));
	return imported(own, ...routes.map((route) => toRoute(found, own, route, cluster)));
}

/** Of the cluster, not of App Mesh; the controller fills in those that end in Ref. */
const clusterFields = new Set([
	...['awsName', 'backendGroups', 'gatewayRouteSelector', 'meshOwner', 'meshRef', 'namespaceSelector', 'podSelector'],
	...['routes', 'virtualGatewayRef'],
]);

function toResource(found: KubernetesObject, kind: Kind, cluster: Cluster): RawResource {
	const { document, whole, spec } = found;
	const name = cluster.awsName(found);
	const parent = parentOf[kind] === undefined ? '' : (cluster.gatewayOf(found) ?? '');
	const mesh = kind === 'mesh' ? name : cluster.meshOf(found);
	const fields = [...fieldsOf(spec)].filter(([key]) => !clusterFields.has(key));
	const renamed = fields.map(
		([key, field]) => [key === 'meshServiceDiscovery' ? 'serviceDiscovery' : key, field] as const,
	);
	const plain = object(renamed, spec?.at ?? whole.at);
	const translated = inApiTerms(cluster.withBackendGroups(found, plain), found.namespace, cluster);
	const nameAt = partOf(spec, 'awsName') ?? partOf(partOf(whole, 'metadata'), 'name');
	return fromParts(
		document,
		{ kind, mesh, name, parent },
		[
			['spec', translated],
			[nameKey(kind), nameAt],
		],
		whole.at,
	);
}

function toRoute(router: KubernetesObject, { mesh, name: parent }: RawResource, route: Traced, cluster: Cluster) {
	const fields = [...fieldsOf(route)].filter(([key]) => key !== 'name');
	const spec = inApiTerms(object(fields, route.at), router.namespace, cluster);
	const name = textAt(route, 'name') ?? '';
	const parts = [
		['spec', spec],
		['routeName', partOf(route, 'name')],
	] as const;
	return fromParts(router.document, { kind: 'route', mesh, name, parent }, parts, route.at);
}
