import { awsName } from '../../mesh/importers/kubernetes-cluster.ts';
import { partOf, trace } from '../../mesh/traced.ts';
import { type Manifest, valueAt } from './manifests.ts';
import { type KubernetesObject, objectsIn, type PodTemplate, textAt } from './pod-templates.ts';

/** A virtual node or gateway that says which pods it stands for, by the controller's rules. */
export interface SelectingProxy {
	readonly kind: 'virtualNode' | 'virtualGateway';
	/** App Mesh's. */
	readonly name: string;
	/** '' where the manifest does not say it. */
	readonly mesh: string;
	/** On which its application listens. */
	readonly ports: readonly number[];
	readonly selects: (pod: PodTemplate) => boolean;
}

export interface ClusterMesh {
	readonly proxies: readonly SelectingProxy[];
	/** Of the only mesh that the manifests have; '' where there are several or none. */
	readonly mesh: string;
	/** By namespace: whether its pods are injected, as its label says it. */
	readonly isInjected: ReadonlyMap<string, boolean>;
}

export function clusterMeshOf(manifests: readonly Manifest[], namespace: string): ClusterMesh {
	const objects = manifests.flatMap((manifest) => objectsIn(manifest, namespace));
	const meshes = new Map(objects.filter(({ kind }) => kind === 'Mesh').map((each) => [each.name, nameOf(each)]));
	const [mesh, ...otherMeshes] = meshes.values();
	const labelled = objects
		.filter(({ kind }) => kind === 'Namespace')
		.map(({ name, value }) => {
			const label = textAt(value, ['metadata', 'labels', 'appmesh.k8s.aws/sidecarInjectorWebhook']);
			return [name, label] as const;
		});
	return {
		proxies: objects.flatMap((object) => proxyOf(object, meshes)),
		mesh: otherMeshes.length > 0 ? '' : (mesh ?? ''),
		isInjected: new Map(
			labelled.filter(([, label]) => label !== '').map(([name, label]) => [name, label === 'enabled']),
		),
	};
}

const nameOf = (object: KubernetesObject): string => awsName({ ...object, spec: partOf(trace(object.value), 'spec') });

/** `meshes`: App Mesh's names, by Kubernetes'. */
function proxyOf(object: KubernetesObject, meshes: ReadonlyMap<string, string>): SelectingProxy[] {
	const { kind, namespace, value } = object;
	const mesh = textAt(value, ['spec', 'meshRef', 'name']);
	const selector = valueAt(value, ['spec', 'podSelector']);
	// Without one it selects none; an empty one selects all.
	if ((kind !== 'VirtualNode' && kind !== 'VirtualGateway') || !isObject(selector)) return [];
	return [
		{
			kind: kind === 'VirtualNode' ? 'virtualNode' : 'virtualGateway',
			name: nameOf(object),
			mesh: meshes.get(mesh) ?? mesh,
			ports: listOf(valueAt(value, ['spec', 'listeners'])).map((each) =>
				Number(valueAt(each, ['portMapping', 'port'])),
			),
			selects: (pod) => pod.namespace === namespace && selects(selector, pod.labels),
		},
	];
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** A LabelSelector of Kubernetes. */
function selects(selector: object, labels: PodTemplate['labels']): boolean {
	const wanted = Object.entries(valueAt(selector, ['matchLabels']) ?? {});
	const conditions = listOf(valueAt(selector, ['matchExpressions']));
	return (
		wanted.every(([key, value]) => labels[key] === String(value)) && conditions.every((each) => holds(each, labels))
	);
}

function holds(condition: unknown, labels: PodTemplate['labels']): boolean {
	const label = labels[textAt(condition, ['key'])];
	const isAmong =
		label !== undefined &&
		listOf(valueAt(condition, ['values']))
			.map(String)
			.includes(label);
	switch (textAt(condition, ['operator'])) {
		case 'In':
			return isAmong;
		case 'NotIn':
			return !isAmong;
		case 'Exists':
			return label !== undefined;
		case 'DoesNotExist':
			return label === undefined;
		default:
			return false;
	}
}
