import { isWrittenOut, type Manifest, type Path, valueAt } from './manifests.ts';

export type Texts = Readonly<Record<string, string>>;

export interface Container {
	readonly name: string;
	readonly image?: string;
	readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[] | null;
	readonly securityContext?: { readonly runAsUser?: number; readonly [member: string]: unknown };
	readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[] | null;
	readonly [member: string]: unknown;
}

/** As far as it matters here. */
export interface PodSpec {
	readonly containers: readonly Container[];
	readonly initContainers?: readonly Container[] | null;
	readonly volumes?: readonly { readonly name: string; readonly [source: string]: unknown }[] | null;
	readonly hostNetwork?: boolean;
	readonly securityContext?: { readonly runAsUser?: number };
}

/** What pods are made from. */
export interface PodTemplate {
	readonly manifest: Manifest;
	/** Of the object that has the `metadata` and `spec` of the pods. */
	readonly path: Path;
	/** As it is written, '' where it is not. */
	readonly ownNamespace: string;
	readonly kind: string;
	readonly name: string;
	readonly namespace: string;
	readonly labels: Texts;
	readonly annotations: Texts;
	/** Those of the object that makes the pods, which nobody reads. */
	readonly outerAnnotations: Texts;
	readonly spec: PodSpec;
}

const pathsByKind: Readonly<Record<string, Path>> = {
	Pod: [],
	...Object.fromEntries(
		['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job'].map((kind) => [
			kind,
			['spec', 'template'],
		]),
	),
	CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
};

export interface KubernetesObject {
	readonly kind: string;
	readonly name: string;
	readonly namespace: string;
	readonly path: Path;
	readonly manifest: Manifest;
	readonly value: unknown;
}

/** Also those of a `List`. */
export function objectsIn(manifest: Manifest, namespace: string, path: Path = []): KubernetesObject[] {
	const value = valueAt(manifest.value, path);
	const kind = textAt(value, ['kind']);
	const items = valueAt(value, ['items']);
	if (/List$/.test(kind) && Array.isArray(items))
		return items.flatMap((_, at) => objectsIn(manifest, namespace, [...path, 'items', at]));
	const name = textAt(value, ['metadata', 'name']) || textAt(value, ['metadata', 'generateName']).replace(/-$/, '');
	const within = textAt(value, ['metadata', 'namespace']) || namespace;
	return kind === '' ? [] : [{ kind, name, namespace: within, path, manifest, value }];
}

export const textAt = (value: unknown, path: Path): string => {
	const found = valueAt(value, path);
	return typeof found === 'string' ? found : '';
};

/** Undefined of an object that makes no pods; a text: why it cannot be understood. */
export function podTemplateOf(object: KubernetesObject): PodTemplate | string | undefined {
	const { kind, name, namespace, manifest, value } = object;
	const below = Object.hasOwn(pathsByKind, kind) ? pathsByKind[kind] : undefined;
	if (below === undefined) return undefined;
	const spec = valueAt(value, [...below, 'spec']);
	if (!isPodSpec(spec))
		return `${[...below, 'spec'].join('.')} is no spec of pods: its containers and volumes have a name each, and an image is a text, as are the values of variables and the paths of mounts`;
	const path = [...object.path, ...below];
	const folded = changed.find((part) => !isWrittenOut(manifest, [...path, ...part]));
	if (folded !== undefined)
		return `${[...below, ...folded].join('.')} stands there by an alias or a merge key; write it out`;
	const misshapen = maps.find((part) => !isMapOrNothing(valueAt(value, [...below, ...part])));
	if (misshapen !== undefined) return `${[...below, ...misshapen].join('.')} is no map`;
	return {
		...{ manifest, path, kind, name, namespace, spec, ownNamespace: textAt(value, ['metadata', 'namespace']) },
		labels: textsAt(value, [...below, 'metadata', 'labels']),
		annotations: textsAt(value, [...below, 'metadata', 'annotations']),
		outerAnnotations: below.length === 0 ? {} : textsAt(value, ['metadata', 'annotations']),
	};
}

const maps: readonly Path[] = [['metadata'], ['metadata', 'annotations']];

/** What a conversion changes. */
const changed: readonly Path[] = [
	...['containers', 'initContainers', 'volumes'].map((list) => ['spec', list]),
	...maps,
];

const isListOf = (value: unknown, isElement: (element: unknown) => boolean): boolean =>
	Array.isArray(value) && value.every(isElement);

const isMapOrNothing = (value: unknown): boolean => typeof (value ?? {}) === 'object' && !Array.isArray(value);

const hasName = (value: unknown): boolean => textAt(value, ['name']) !== '';

function isPodSpec(spec: unknown): spec is PodSpec {
	const [containers, initContainers, volumes] = ['containers', 'initContainers', 'volumes'].map((list) =>
		valueAt(spec, [list]),
	);
	return (
		isListOf(containers, isContainer) && isListOf(initContainers ?? [], isContainer) && isListOf(volumes ?? [], hasName)
	);
}

const isContainer = (value: unknown): boolean =>
	hasName(value) &&
	isTextAt(value, 'image') &&
	isListOf(valueAt(value, ['env']) ?? [], (each) => hasName(each) && isTextAt(each, 'value')) &&
	isListOf(valueAt(value, ['volumeMounts']) ?? [], (each) => hasName(each) && textAt(each, ['mountPath']) !== '');

/** Or not there at all. */
const isTextAt = (value: unknown, key: string): boolean => typeof (valueAt(value, [key]) ?? '') === 'string';

/** Kubernetes itself takes texts only; what is written without quotes may have become a number. */
function textsAt(value: unknown, path: Path): Texts {
	const found = valueAt(value, path);
	return typeof found === 'object' && found !== null
		? Object.fromEntries(Object.entries(found).map(([key, text]) => [key, String(text)]))
		: {};
}

/** Whether the pod has a volume of this secret under its own name, as the injector made them. */
export const isSecret = ({ volumes }: PodSpec, name: string): boolean =>
	volumes?.some((volume) => volume.name === name && textAt(volume, ['secret', 'secretName']) === name) === true;
