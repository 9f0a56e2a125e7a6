import { Failure } from '../../failure.ts';
import { nodeId } from '../../values/mesh-node.ts';
import { namesForBootstrap, variablesOf } from './container-variables.ts';
import { BOOTSTRAP, ENVOY, TURNOUT } from './containers.ts';
import { configMapOf, type EditOptions, edit } from './edit-pod.ts';
import { changeBy, type Manifest, newManifest, parseManifests, textOf } from './manifests.ts';
import { envoyOf, type MeshedPod, meshPod } from './meshed-pod.ts';
import { type KubernetesObject, objectsIn, type PodTemplate, podTemplateOf } from './pod-templates.ts';
import { type ClusterMesh, clusterMeshOf } from './selecting-proxies.ts';
import { INJECTION, PREFIX, readWishes } from './wishes.ts';

export interface PodOptions extends EditOptions {
	/** Of pods that do not say it; '' if nobody does. */
	readonly mesh: string;
	/** Of manifests that do not say it. */
	readonly namespace: string;
	/** More manifests, which say whose the pods are. */
	readonly definitions: readonly { readonly path: string; readonly text: string }[];
	/** Envoy's, for the pod's ConfigMap; undefined: somebody else makes that. */
	readonly bootstrapOf: ((pod: MeshedPod) => string) | undefined;
}

export interface ConvertedPods {
	readonly text: string;
	/** What is to be known about it. */
	readonly notices: readonly string[];
}

/** PURE. The same manifests, with turnout and Envoy in each pod that AWS's injector put its containers into. Throws a Failure with all mistakes. */
export function convertPods(text: string, file: string, options: PodOptions): ConvertedPods {
	const { manifests, mistakes } = parseManifests(text, file);
	const more = options.definitions.flatMap((each) => parseManifests(each.text, each.path).manifests);
	const cluster = clusterMeshOf([...manifests, ...more], options.namespace);
	const all = manifests.flatMap((manifest) => objectsIn(manifest, options.namespace));
	const read = all.map((object) => readPod(object, cluster, options));
	const wrong = [...mistakes, ...read.flatMap((each) => each.mistakes)];
	if (wrong.length > 0) throw refusal(wrong);
	const pods = read.flatMap(({ pod }) => pod ?? []);
	const { maps, clashes } = configMaps(pods, options);
	const parts = manifests.map((manifest) => rendered(manifest, pods, options));
	const late = [...clashes, ...parts.flatMap((part) => part.mistakes)];
	if (late.length > 0) throw refusal(late);
	const converted = parts.map((part) => part.text).join('');
	return {
		text:
			maps.length === 0 || converted.startsWith('---')
				? maps.join('') + converted
				: `${maps.join('')}---\n${converted}`,
		notices: read.flatMap(({ notices }) => notices),
	};
}

const refusal = (mistakes: readonly string[]): Failure =>
	new Failure(
		'config',
		`Cannot convert the pods: ${mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`}:${mistakes.map((each) => `\n  ${each}`).join('')}`,
		'Correct it, and see docs/pods.md',
	);

interface ReadPod {
	readonly pod?: MeshedPod;
	readonly notices: readonly string[];
	readonly mistakes: readonly string[];
}

const untouched: ReadPod = { notices: [], mistakes: [] };

function readPod(object: KubernetesObject, cluster: ClusterMesh, options: PodOptions): ReadPod {
	const place = object.manifest.placeOf(object.path);
	const what = `${object.kind} ${object.name}`.trim();
	const named = (all: readonly string[]) => all.map((each) => `${place}: ${what}: ${each}`);
	const template = podTemplateOf(object);
	if (typeof template === 'string') return { notices: [], mistakes: named([template]) };
	if (template === undefined || template.spec.initContainers?.some(({ name }) => name === TURNOUT)) return untouched;
	const wishes = readWishes(template.annotations);
	const pod = meshPod(template, wishes, cluster, options.mesh);
	const why = whyNot(pod, cluster);
	if (why !== undefined) return { notices: named([`stays as it is: ${why}`]), mistakes: [] };
	return {
		pod,
		notices: named([...pod.notices, ...aboutOptions(pod, options)]),
		mistakes: named([...pod.mistakes, ...unselected(pod, cluster)]),
	};
}

/** The controller's rules; without its manifests in sight, the rule of the injector of 2019: all pods. */
function whyNot({ template, wishes }: MeshedPod, { proxies, isInjected }: ClusterMesh): string | undefined {
	const byNamespace = isInjected.get(template.namespace);
	if (wishes.isInjected === false) return `${PREFIX}${INJECTION} is disabled`;
	if (wishes.isInjected === true) return undefined;
	if (byNamespace === false) return `its namespace has ${PREFIX}${INJECTION} disabled`;
	if (!isMeant({ template, wishes }, proxies)) return 'no VirtualNode or VirtualGateway selects it';
	const isAsked = wishes.virtualNode !== undefined || proxies.length > 0;
	return template.spec.hostNetwork === true && !isAsked ? "its network is the node's own" : undefined;
}

const isMeant = (
	{ template, wishes }: Pick<MeshedPod, 'template' | 'wishes'>,
	proxies: ClusterMesh['proxies'],
): boolean =>
	proxies.length === 0 ||
	wishes.virtualNode !== undefined ||
	envoyOf(template) !== undefined ||
	proxies.some(({ selects }) => selects(template));

const unselected = ({ template, wishes }: MeshedPod, { proxies }: ClusterMesh): readonly string[] =>
	isMeant({ template, wishes }, proxies)
		? []
		: [`${PREFIX}${INJECTION} is enabled, but no VirtualNode or VirtualGateway selects it`];

function aboutOptions(
	{ template, proxy, wishes }: MeshedPod,
	{ isNative, bootstrapOf }: PodOptions,
): readonly string[] {
	const { all, unknown } = namesForBootstrap(variablesOf(envoyOf(template), wishes));
	const isJob = /Job$/.test(template.kind);
	const named = `turnout mesh render --pod --node ${nodeId(proxy)}`;
	return [
		...(isJob && !isNative ? ['it never completes, as its Envoy goes on: a native sidecar ends with it'] : []),
		...(bootstrapOf === undefined
			? [
					`its Envoy reads ${BOOTSTRAP.key} of the ConfigMap ${configMapOf(template.name)}; what belongs there: ${named}`,
				]
			: []),
		...(bootstrapOf === undefined && all.length > 0
			? [`${all.join(', ')}: give turnout mesh render the same variables`]
			: []),
		...(bootstrapOf === undefined
			? []
			: unknown.map(
					(name) =>
						`container ${ENVOY}: the value of ${name} is not known here, nor in its configuration; write it out`,
				)),
	];
}

/** As it is written, unless pods of it are converted. */
function rendered(manifest: Manifest, pods: readonly MeshedPod[], options: EditOptions) {
	const own = pods.filter(({ template }) => template.manifest === manifest);
	if (own.length === 0) return { text: manifest.text, mistakes: [] };
	const mistakes = changeBy(manifest, () => {
		for (const pod of own) edit(pod, options);
	});
	return { text: mistakes.length > 0 ? '' : textOf(manifest), mistakes };
}

/** Workloads of one name share one. */
function configMaps(pods: readonly MeshedPod[], { bootstrapOf }: PodOptions) {
	if (bootstrapOf === undefined) return { maps: [], clashes: [] };
	const made = new Map<string, { readonly template: PodTemplate; readonly bootstrap: string }>();
	const clashes: string[] = [];
	for (const pod of pods) {
		const { template } = pod;
		const key = `${template.namespace}/${template.name}`;
		const bootstrap = bootstrapOf(pod);
		const former = made.get(key);
		if (former === undefined) made.set(key, { template, bootstrap });
		else if (former.bootstrap !== bootstrap) clashes.push(clash(template, former.template));
	}
	return { maps: [...made.values()].map(({ template, bootstrap }) => configMap(template, bootstrap)), clashes };
}

const clash = ({ manifest, path, kind, name }: PodTemplate, former: PodTemplate): string =>
	`${manifest.placeOf(path)}: ${kind} ${name}: the ConfigMap ${configMapOf(name)} is that of ${former.kind} ${former.name}, whose Envoy is configured otherwise; allowed: a name for each`;

function configMap({ name, ownNamespace }: PodTemplate, bootstrap: string): string {
	const namespace = ownNamespace === '' ? {} : { namespace: ownNamespace };
	return newManifest({
		...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: configMapOf(name), ...namespace } },
		data: { [BOOTSTRAP.key]: bootstrap },
	});
}
