import { dirname } from 'node:path';
import { nodeId } from '../../values/mesh-node.ts';
import { BOOTSTRAP, ENVOY, envoyContainer, ROUTE_MANAGER, TURNOUT, turnoutContainer } from './containers.ts';
import { insertAfter, put, remove, set } from './manifests.ts';
import { envoyOf, type MeshedPod, routeManagerOf } from './meshed-pod.ts';
import { isSecret } from './pod-templates.ts';
import { INJECTION, type Mount, PREFIX } from './wishes.ts';

export interface EditOptions {
	/** Turnout's own. */
	readonly image: string;
	/** Undefined: that of the Envoy that a pod has already, or the usual one. */
	readonly envoyImage: string | undefined;
	/** Envoy is an init container that goes on, by Kubernetes 1.29 and later. */
	readonly isNative: boolean;
	/** A socket on the node by which Envoy is configured. */
	readonly adsSocket: string | undefined;
}

/** Of the bootstrap. */
export const configMapOf = (name: string): string => `${name}-envoy`;

/** The one that turnout is tested with. */
const USUAL_IMAGE = 'envoyproxy/envoy:v1.40.0';

/** A gateway's Envoy listens itself, so that nothing is captured. */
export function edit(pod: MeshedPod, options: EditOptions): void {
	const { template, settings, proxy } = pod;
	const { manifest, path } = template;
	const [init, containers] = [
		[...path, 'spec', 'initContainers'],
		[...path, 'spec', 'containers'],
	];
	const isGateway = proxy.kind === 'virtualGateway';
	const isNative = options.isNative && !isGateway;
	const envoy = envoyContainer(
		{
			...{ node: nodeId(proxy), uid: isGateway ? undefined : pod.uid, wishes: pod.wishes, isNative },
			image: imageOf(pod, options.envoyImage),
			mounts: mountsOf(pod, options),
		},
		envoyOf(template),
	);
	if (!isGateway)
		put(manifest, init, ROUTE_MANAGER, turnoutContainer(options.image, settings, routeManagerOf(template)));
	if (isNative) {
		remove(manifest, containers, ENVOY);
		insertAfter(manifest, init, TURNOUT, envoy);
	} else put(manifest, containers, ENVOY, envoy);
	for (const volume of volumesOf(pod, options)) put(manifest, [...path, 'spec', 'volumes'], volume.name, volume);
	annotate(pod);
}

function imageOf({ template, wishes }: MeshedPod, asked: string | undefined): string {
	const own = envoyOf(template)?.image;
	return own !== undefined && (wishes.keepsImage === true || asked === undefined) ? own : (asked ?? USUAL_IMAGE);
}

const SOCKET_VOLUME = 'envoy-ads';

function mountsOf({ wishes }: MeshedPod, { adsSocket }: EditOptions): readonly Mount[] {
	return [
		{ name: BOOTSTRAP.volume, path: BOOTSTRAP.folder },
		...(adsSocket === undefined ? [] : [{ name: SOCKET_VOLUME, path: dirname(adsSocket) }]),
		...wishes.secretMounts,
		...wishes.volumeMounts,
	];
}

function volumesOf({ template, wishes }: MeshedPod, { adsSocket }: EditOptions) {
	const secrets = wishes.secretMounts.filter(({ name }) => !isSecret(template.spec, name));
	return [
		{ name: BOOTSTRAP.volume, configMap: { name: configMapOf(template.name) } },
		...(adsSocket === undefined
			? []
			: [{ name: SOCKET_VOLUME, hostPath: { path: dirname(adsSocket), type: 'Directory' } }]),
		...secrets.map(({ name }) => ({ name, secret: { secretName: name } })),
	];
}

/** What they asked for is in the containers now, and an injector that is still there leaves the pod alone. */
function annotate({ template: { manifest, path, annotations } }: MeshedPod): void {
	const at = [...path, 'metadata', 'annotations'];
	for (const name of Object.keys(annotations)) if (name.startsWith(PREFIX)) manifest.document.deleteIn([...at, name]);
	set(manifest, [...at, `${PREFIX}${INJECTION}`], 'disabled');
}
