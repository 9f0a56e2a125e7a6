import { resolve } from 'node:path';
import { mergeSources } from '../../config/merge-sources.ts';
import type { FileSettings } from '../../config/yaml.ts';
import { quote } from '../../lib/escape.ts';
import { findMeshNode, type MeshNode } from '../../values/mesh-node.ts';
import { BOOTSTRAP, ENVOY, ROUTE_MANAGER, type SettingTexts, settingKey } from './containers.ts';
import { isWrittenOut } from './manifests.ts';
import { type Container, isSecret, type PodTemplate } from './pod-templates.ts';
import type { ClusterMesh, SelectingProxy } from './selecting-proxies.ts';
import { PREFIX, type Wishes } from './wishes.ts';

/** What a pod is to become. */
export interface MeshedPod {
	readonly template: PodTemplate;
	readonly wishes: Wishes;
	/** Whom its Envoy stands for. */
	readonly proxy: MeshNode;
	readonly settings: SettingTexts;
	/** Envoy's user. */
	readonly uid: number;
	readonly notices: readonly string[];
	readonly mistakes: readonly string[];
}

/** `mesh`: its name, where neither the pod nor the manifests say it. */
export function meshPod(template: PodTemplate, wishes: Wishes, cluster: ClusterMesh, mesh: string): MeshedPod {
	const selecting = cluster.proxies.filter(({ selects }) => selects(template));
	const identity = identityOf(template, wishes, selecting[0]);
	const proxy = { ...identity, mesh: wishes.mesh ?? (identity.mesh || cluster.mesh || mesh) };
	const { values, uid } = settingsOf(template, wishes, selecting[0]);
	const pod = { template, wishes, proxy, uid, settings: new Map([...values].map(([key, { text }]) => [key, text])) };
	const { mistakes } = mergeSources({ env: {}, file: { values, mistakes: [] }, flags: {} });
	return {
		...pod,
		notices: [...wishes.notices, ...noticesOf(pod, identity.isGuessed === true)],
		mistakes: [...wishes.mistakes, ...mistakes, ...mistakesIn(pod, selecting)],
	};
}

type Identity = MeshNode & { readonly isGuessed?: true };

/** By the annotation, by who selects it, by the variables of the Envoy that it has, or else as the injector of 2019 named it. */
function identityOf(template: PodTemplate, wishes: Wishes, selecting: SelectingProxy | undefined): Identity {
	if (wishes.virtualNode !== undefined) return { mesh: '', kind: 'virtualNode', name: wishes.virtualNode };
	if (selecting !== undefined) return selecting;
	const variables = ['APPMESH_RESOURCE_ARN', 'APPMESH_RESOURCE_NAME', 'APPMESH_VIRTUAL_NODE_NAME'];
	const given = envoyOf(template)?.env?.filter(({ name }) => variables.includes(name)) ?? [];
	const [named] = given.flatMap(({ value }) => findMeshNode(value ?? '') ?? []);
	const { name, namespace } = template;
	return named ?? { mesh: '', kind: 'virtualNode', name: `${name}-${namespace}`, isGuessed: true };
}

export const envoyOf = ({ spec: { containers } }: PodTemplate): Container | undefined =>
	containers.find(({ name }) => name === ENVOY);

export const routeManagerOf = ({ spec: { initContainers } }: PodTemplate): Container | undefined =>
	initContainers?.find(({ name }) => name === ROUTE_MANAGER);

const standard = { appPorts: '', ignoreUids: '1337', ingressPort: '15000', egressPort: '15001' };

/** The variables of a route manager that is there come first, as the injector left it alone. */
function settingsOf(template: PodTemplate, { settings }: Wishes, selecting: SelectingProxy | undefined) {
	const { manifest, path } = template;
	const where = (annotation: string) =>
		`${manifest.placeOf([...path, 'metadata', 'annotations', annotation])}, ${annotation}`;
	const ports = selecting?.ports ?? containerPorts(template);
	const all: readonly (readonly [key: string, text: string, origin: string])[] = [
		...Object.entries({ ...standard, appPorts: ports.join() }).map(
			([key, text]) => [key, text, manifest.placeOf(path)] as const,
		),
		// Our default, 22, would contradict an app port of 22, which AWS's injector captured.
		['ingressIgnoredPorts', '', manifest.placeOf(path)],
		...settings.map(([key, text, annotation]) => [key, text, where(annotation)] as const),
		...(routeManagerOf(template)?.env ?? []).flatMap(({ name, value }) => {
			const key = settingKey(name);
			return key === undefined || typeof value !== 'string'
				? []
				: [[key, value, `${manifest.placeOf(path)}, ${name}`] as const];
		}),
	];
	const values: FileSettings['values'] = new Map(all.map(([key, text, origin]) => [key, { text, where: origin }]));
	const uid = /^\d+$/.exec(values.get('ignoreUids')?.text ?? '');
	return { values, uid: Number(uid ?? standard.ignoreUids) };
}

const containerPorts = ({ spec }: PodTemplate): readonly number[] =>
	spec.containers
		.filter(({ name }) => name !== ENVOY)
		.flatMap(({ ports }) => (Array.isArray(ports) ? ports : []))
		.filter(({ protocol = 'TCP' }) => protocol === 'TCP')
		.map(({ containerPort }) => Number(containerPort));

type Pod = Omit<MeshedPod, 'notices' | 'mistakes'>;

function noticesOf({ template, proxy, settings, uid }: Pod, isGuessed: boolean): readonly string[] {
	const { spec, kind, outerAnnotations } = template;
	const ofPods = spec.securityContext?.runAsUser;
	const uncaptured = spec.containers.filter(
		({ name, securityContext }) => name !== ENVOY && (securityContext?.runAsUser ?? ofPods) === uid,
	);
	const unread = Object.keys(outerAnnotations).filter((name) => name.startsWith(PREFIX));
	const isInbound =
		proxy.kind === 'virtualGateway' || routeManagerOf(template) !== undefined || settings.get('appPorts') !== '';
	return [
		...(isGuessed
			? [`nothing names its virtual node, which may be ${quote(proxy.name)}: say it by ${PREFIX}virtualNode`]
			: []),
		...(isInbound ? [] : [`inbound connections are not captured: no ports are known; say them by ${PREFIX}ports`]),
		...uncaptured.map(({ name }) => `container ${name} runs as user ${uid}, whose connections are not captured`),
		...unread.map(
			(name) =>
				`${name} is the ${kind}'s own annotation; only those of its pods count, spec.template.metadata.annotations`,
		),
	];
}

/** Of the pod itself, whose settings are checked elsewhere. */
function mistakesIn(pod: Pod, selecting: readonly SelectingProxy[]): readonly string[] {
	const { template, wishes, proxy } = pod;
	const { spec, labels } = template;
	return [
		...(selecting.length > 1
			? [`it is selected by ${selecting.map(({ name }) => name).join(' and ')}; allowed: one virtual node or gateway`]
			: []),
		...(proxy.mesh === '' ? [`which mesh is it in? Say it by ${PREFIX}mesh, or by --mesh`] : []),
		...(spec.hostNetwork === true
			? ["hostNetwork is true: the node's own traffic would be captured; allowed: a network of the pod's own"]
			: []),
		...(labels['eks.amazonaws.com/fargate-profile'] === undefined
			? []
			: ['eks.amazonaws.com/fargate-profile: Fargate grants no container NET_ADMIN; allowed: nodes of your own']),
		...replacedNames(template).map((name) => `container ${name} stands there by an alias or a merge key; write it out`),
		...mistakesInMounts(template, wishes),
		...mistakesInEnvoy(pod),
	];
}

/** Of containers to be replaced that do not stand there themselves. */
const replacedNames = ({ manifest, path, spec }: PodTemplate): readonly string[] =>
	(['containers', 'initContainers'] as const).flatMap((list) =>
		(spec[list] ?? [])
			.map(({ name }, at) => ({ name, at }))
			.filter(({ name }) => name === ENVOY || name === ROUTE_MANAGER)
			.filter(({ at }) => !isWrittenOut(manifest, [...path, 'spec', list, at, 'name']))
			.map(({ name }) => name),
	);

function mistakesInMounts({ spec }: PodTemplate, { volumeMounts, secretMounts }: Wishes): readonly string[] {
	const volumes = spec.volumes ?? [];
	const known = volumes.map(({ name }) => name);
	return [
		...volumeMounts
			.filter(({ name }) => !known.includes(name))
			.map(
				({ name }) => `${PREFIX}volumeMounts: there is no volume ${quote(name)}; known: ${known.join(', ') || 'none'}`,
			),
		...secretMounts
			.filter(({ name }) => known.includes(name) && !isSecret(spec, name))
			.map(
				({ name }) =>
					`${PREFIX}secretMounts: there is a volume ${quote(name)} already; mount it by ${PREFIX}volumeMounts`,
			),
	];
}

/** An Envoy whose own connections are captured would call itself for ever. */
function mistakesInEnvoy({ template, wishes, proxy, uid }: Pod): readonly string[] {
	const envoy = envoyOf(template);
	const user = envoy?.securityContext?.runAsUser;
	const isCaptured = proxy.kind !== 'virtualGateway' && user !== undefined && user !== uid;
	const mounts = [
		...(envoy?.volumeMounts ?? []).map(({ name, mountPath }) => ({ name, path: mountPath })),
		...wishes.volumeMounts,
		...wishes.secretMounts,
	];
	const inTheWay = mounts.filter(
		({ name, path }) => resolve('/', path) === BOOTSTRAP.folder && name !== BOOTSTRAP.volume,
	);
	return [
		...(isCaptured
			? [
					`container ${ENVOY}: its user is ${user}, but ${uid} is the one that is ignored: its own traffic would be captured`,
				]
			: []),
		...inTheWay.map(
			({ name }) =>
				`container ${ENVOY}: ${quote(name)} is mounted at ${BOOTSTRAP.folder}, where its configuration belongs; allowed: another path`,
		),
	];
}
