import { quote } from '../../lib/escape.ts';
import { parsedJson } from '../../lib/parsed-json.ts';
import { nearest } from '../../mesh/nearest.ts';
import type { Texts } from './pod-templates.ts';

export const PREFIX = 'appmesh.k8s.aws/';
/** Whether AWS's injector is to leave a pod alone. */
export const INJECTION = 'sidecarInjectorWebhook';

export interface Mount {
	/** Of a secret, or of a volume of the pod. */
	readonly name: string;
	readonly path: string;
}

/** What the annotations of pods asked AWS's injector for. */
export interface Wishes {
	/** Undefined: as the namespace has it. */
	readonly isInjected?: boolean;
	readonly mesh?: string;
	readonly virtualNode?: string;
	/** A gateway's own image stays. */
	readonly keepsImage?: boolean;
	/** Our settings, each with the annotation that says it. */
	readonly settings: readonly (readonly [key: string, text: string, annotation: string])[];
	readonly secretMounts: readonly Mount[];
	readonly volumeMounts: readonly Mount[];
	readonly env: readonly (readonly [name: string, value: string])[];
	readonly resources: readonly (readonly [bound: 'requests' | 'limits', resource: string, quantity: string])[];
	readonly notices: readonly string[];
	readonly mistakes: readonly string[];
}

const none: Wishes = {
	...{ settings: [], secretMounts: [], volumeMounts: [], env: [], resources: [], notices: [], mistakes: [] },
};

type Reader = (text: string) => Partial<Wishes>;

const setting =
	(key: string, name: string): Reader =>
	(text) => ({ settings: [[key, text, PREFIX + name]] });

const amount =
	(bound: 'requests' | 'limits', resource: string): Reader =>
	(text) => ({ resources: [[bound, resource, quantityOf(text)]] });

/** Nothing that is taken over. `harmless`: the values at which nothing is missing either. */
const gone =
	(harmless: RegExp, instead: string): Reader =>
	(text) => ({ notices: harmless.test(text.trim()) ? [] : [instead] });

/** All that pkg/inject of the App Mesh controller for Kubernetes reads, and the injector of 2019 before it, without their prefix. */
const readers: Readonly<Record<string, Reader>> = {
	[INJECTION]: (text) => ({ isInjected: switchOf(text) }),
	mesh: (text) => ({ mesh: text.trim() }),
	virtualNode: (text) => ({ virtualNode: text.trim() }),
	ports: setting('appPorts', 'ports'),
	egressIgnoredPorts: setting('egressIgnoredPorts', 'egressIgnoredPorts'),
	egressIgnoredIPs: setting('egressIgnoredIps', 'egressIgnoredIPs'),
	ignoredUID: setting('ignoreUids', 'ignoredUID'),
	ignoredGID: setting('ignoreGids', 'ignoredGID'),
	proxyIngressPort: setting('ingressPort', 'proxyIngressPort'),
	proxyEgressPort: setting('egressPort', 'proxyEgressPort'),
	ipv6: (text) => {
		if (text.trim() !== 'disabled') throw new Error('allowed: disabled');
		return setting('ipv6', 'ipv6')('0');
	},
	cpuRequest: amount('requests', 'cpu'),
	memoryRequest: amount('requests', 'memory'),
	cpuLimit: amount('limits', 'cpu'),
	memoryLimit: amount('limits', 'memory'),
	secretMounts: (text) => ({ secretMounts: mountsOf(text) }),
	volumeMounts: (text) => ({ volumeMounts: mountsOf(text) }),
	sidecarEnv: (text) => ({ env: assignmentsOf(text) }),
	sidecarEnvJson: (text) => ({ env: jsonAssignmentsOf(text) }),
	virtualGatewaySkipImageOverride: (text) => ({ keepsImage: switchOf(text) }),
	preview: gone(/^(disabled|false|0)$/i, 'the preview channel has ended'),
	appmeshCNI: gone(
		/^disabled$/i,
		"turnout's container applies the rules, and needs NET_ADMIN, which Fargate does not grant",
	),
	sds: gone(/^disabled$/, 'only "disabled" means anything; certificates by SDS are those of APPMESH_SDS_SOCKET_PATH'),
	xrayAgentConfigMount: gone(/^$/, 'no X-Ray daemon is added: write its container, with this mount, into the pod'),
};

/** With all mistakes. Annotations of others are passed over. */
export function readWishes(annotations: Texts): Wishes {
	const own = Object.entries(annotations).filter(([name]) => name.startsWith(PREFIX));
	return own.reduce<Wishes>((wishes, [name, text]) => merged(wishes, read(name.slice(PREFIX.length), text)), none);
}

function read(name: string, text: string): Partial<Wishes> {
	const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
	if (reader === undefined) {
		const near = nearest(name, Object.keys(readers));
		return { mistakes: [`unknown annotation ${quote(PREFIX + name)}; did you mean ${PREFIX}${near}?`] };
	}
	try {
		const { notices = [], ...piece } = reader(text);
		return { ...piece, notices: notices.map((notice) => `${PREFIX}${name}: ${quote(text)}: ${notice}`) };
	} catch (error) {
		return { mistakes: [`${PREFIX}${name}: ${quote(text)}: ${(error as Error).message}`] };
	}
}

const merged = (wishes: Wishes, piece: Partial<Wishes>): Wishes => ({
	...{ ...wishes, ...piece },
	settings: [...wishes.settings, ...(piece.settings ?? [])],
	secretMounts: [...wishes.secretMounts, ...(piece.secretMounts ?? [])],
	volumeMounts: [...wishes.volumeMounts, ...(piece.volumeMounts ?? [])],
	env: [...wishes.env, ...(piece.env ?? [])],
	resources: [...wishes.resources, ...(piece.resources ?? [])],
	notices: [...wishes.notices, ...(piece.notices ?? [])],
	mistakes: [...wishes.mistakes, ...(piece.mistakes ?? [])],
});

function switchOf(text: string): boolean {
	const word = text.trim().toLowerCase();
	if (word !== 'enabled' && word !== 'disabled') throw new Error('allowed: enabled or disabled');
	return word === 'enabled';
}

/** kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity */
const QUANTITY = /^\d+(\.\d+)?([eE][+-]?\d+|[numkMGTPE]|[KMGTPE]i)?$/;

function quantityOf(text: string): string {
	if (!QUANTITY.test(text.trim())) throw new Error('allowed: a quantity of Kubernetes, such as 100m or 64Mi');
	return text.trim();
}

const mountsOf = (text: string): readonly Mount[] =>
	text.split(',').map((part) => {
		const [, name, path] = /^([a-z0-9][a-z0-9.-]*) *: *(\/[^:]*)$/.exec(part.trim()) ?? [];
		if (name === undefined || path === undefined) throw new Error('allowed: NAME:/PATH, with commas between several');
		return { name, path };
	});

const VARIABLE = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

const assignmentsOf = (text: string): Wishes['env'] =>
	text.split(',').map((part) => {
		const [name = '', ...value] = part.split('=');
		if (!VARIABLE.test(name.trim()) || value.length === 0)
			throw new Error('allowed: NAME=VALUE, with commas between several');
		return [name.trim(), value.join('=').trim()];
	});

function jsonAssignmentsOf(text: string): Wishes['env'] {
	const objects = parsedJson(text);
	const isList = Array.isArray(objects) && objects.every((each) => typeof each === 'object' && each !== null);
	const found = isList ? objects.flatMap((each: object) => Object.entries(each)) : [];
	const isText = found.every(([name, value]) => VARIABLE.test(name) && typeof value === 'string');
	if (!isList || !isText) throw new Error('allowed: [{"NAME":"VALUE"}], a list of objects with texts');
	return found;
}
