import { allSettings } from '../../config/names.ts';
import { argumentsOf, variablesOf } from './container-variables.ts';
import type { Container } from './pod-templates.ts';
import type { Mount, Wishes } from './wishes.ts';

export const TURNOUT = 'turnout';
export const ENVOY = 'envoy';
/** The route manager's container, by AWS's guide and injector. */
export const ROUTE_MANAGER = 'proxyinit';

/** Where Envoy's bootstrap is. */
export const BOOTSTRAP = { volume: 'envoy-bootstrap', folder: '/etc/envoy', key: 'envoy.json' } as const;
/** Of the listener that answers whoever reads: probes, Prometheus. */
export const READING_PORT = 9901;

/** What may be written into it: its settings, by their variables. */
export type SettingTexts = ReadonlyMap<string, string>;

const ownRights = {
	...{ runAsUser: 0, runAsNonRoot: false, readOnlyRootFilesystem: true },
	capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
};

/** What the injector gave both containers that it added. */
const requests = { cpu: '10m', memory: '32Mi' };

/** The setting that a variable is, by any of its names. */
export const settingKey = (variable: string): string | undefined =>
	[...allSettings].find(([, each]) => each.variable === variable || each.newer?.includes(variable) === true)?.[0];

/** Applies the rules before the application starts, and ends. `former`: the route manager, whose settings are among these. */
export function turnoutContainer(image: string, settings: SettingTexts, former: Container | undefined): Container {
	const others = former?.env?.filter(({ name }) => settingKey(name) === undefined) ?? [];
	const env = [...settings].map(([key, value]) => ({ name: allSettings.get(key)?.variable ?? key, value }));
	return {
		...{ name: TURNOUT, image, args: ['init'], env: [...env, ...others], securityContext: ownRights },
		resources: former?.['resources'] ?? { requests },
	};
}

export interface EnvoyOptions {
	readonly image: string;
	/** Whom it stands for, as App Mesh has it. */
	readonly node: string;
	/** Undefined: as the container has it. */
	readonly uid: number | undefined;
	/** Of the injector's annotations. */
	readonly wishes: Pick<Wishes, 'env' | 'resources'>;
	readonly mounts: readonly Mount[];
	/** Starts before the application and ends after it. */
	readonly isNative: boolean;
}

/** `former`: the Envoy that the pod has, of which all else stays. */
export function envoyContainer(options: EnvoyOptions, former: Container | undefined): Container {
	const { image, node, uid, wishes, mounts, isNative } = options;
	const {
		name,
		image: _,
		args: __,
		command: ___,
		lifecycle: ____,
		...kept
	} = former ?? newEnvoy(node, wishes.resources);
	const env = variablesOf({ name, ...kept }, wishes);
	const given = kept.volumeMounts ?? [];
	return {
		...{ name, image, ...(isAws(image) ? { command: ['/usr/bin/envoy'] } : {}) },
		args: [...['--config-path', `${BOOTSTRAP.folder}/${BOOTSTRAP.key}`], ...argumentsOf(env)],
		...kept,
		env,
		...(isNative ? { restartPolicy: 'Always', startupProbe: probe(1, 120) } : { lifecycle: outlast }),
		readinessProbe: probe(10, 3),
		...(uid === undefined ? {} : { securityContext: { runAsUser: uid, ...kept.securityContext } }),
		volumeMounts: [
			...given,
			...mounts.filter(({ path }) => !given.some(({ mountPath }) => mountPath === path)).map(readOnly),
		],
	};
}

const readOnly = ({ name, path }: Mount) => ({ name, mountPath: path, readOnly: true });

/** Without its agent, which asks AWS. */
const isAws = (image: string): boolean => image.includes('aws-appmesh-envoy');

const newEnvoy = (node: string, resources: Wishes['resources']): Container => ({
	...{ name: ENVOY, env: [{ name: 'APPMESH_VIRTUAL_NODE_NAME', value: node }] },
	ports: [{ name: 'stats', containerPort: READING_PORT, protocol: 'TCP' }],
	resources: {
		requests: { ...requests, ...ofBound(resources, 'requests') },
		...(resources.some(([bound]) => bound === 'limits') ? { limits: ofBound(resources, 'limits') } : {}),
	},
});

const ofBound = (resources: Wishes['resources'], bound: string): object =>
	Object.fromEntries(
		resources.filter(([each]) => each === bound).map(([, resource, quantity]) => [resource, quantity]),
	);

const probe = (periodSeconds: number, failureThreshold: number) => ({
	httpGet: { path: '/ready', port: READING_PORT },
	...{ periodSeconds, failureThreshold },
});

/** As the injector had it: Envoy goes on while the application finishes. */
const outlast = { preStop: { exec: { command: ['sleep', '20'] } } };
