import { dirname } from 'node:path';
import type Docker from 'dockerode';
import type { NewProxyIdentity, ProxyIdentity, ProxySpec } from '../../envoy/runtime.ts';

export const OWNER = 'turnout.owner';
const INSTANCE = 'turnout.instance';
const HASH = 'turnout.hash';
const ADMIN_SOCKET = 'turnout.adminSocket';
/** The image's name in the settings. */
export const IMAGE = 'turnout.image';
/** On containers made by a former version. */
const ADMIN_PORT = 'turnout.adminPort';

/** As `docker run` in App Mesh's guide of 2019, without the rights that Envoy does not need. `image`: a name, or an id. */
export function containerOf(
	owner: string,
	spec: ProxySpec,
	{ instance, hash, admin: { socketPath } }: NewProxyIdentity,
	image: string,
): Docker.ContainerCreateOptions {
	const mounted = (path: string, isReadOnly: boolean) =>
		({ Type: 'bind', Source: path, Target: path, ReadOnly: isReadOnly }) as const;
	return {
		Image: image,
		User: `${spec.uid}:${spec.gid}`,
		...(spec.command === '' ? {} : { Entrypoint: [spec.command] }),
		Cmd: [...spec.args],
		Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
		Labels: {
			...{ [OWNER]: owner, [INSTANCE]: instance, [HASH]: hash, [ADMIN_SOCKET]: socketPath },
			[IMAGE]: spec.image,
		},
		HostConfig: {
			NetworkMode: 'host',
			// With userns-remap Docker refuses the host's network without this.
			UsernsMode: 'host',
			CapDrop: ['ALL'],
			...(spec.isTransparent === true ? { CapAdd: ['NET_ADMIN'] } : {}),
			SecurityOpt: ['no-new-privileges'],
			ReadonlyRootfs: true,
			Tmpfs: { '/tmp': 'rw,noexec,nosuid,nodev,mode=1777' },
			Mounts: [
				...[...Object.keys(spec.files), ...spec.mounts].map((path) => mounted(path, true)),
				mounted(dirname(socketPath), false),
			],
			// Restarts are ours: rules depend on them.
			RestartPolicy: { Name: 'no' },
			...(spec.memoryMegabytes === 0 ? {} : { Memory: spec.memoryMegabytes * 1024 * 1024 }),
			...(spec.openFiles === 0 ? {} : { Ulimits: [{ Name: 'nofile', Soft: spec.openFiles, Hard: spec.openFiles }] }),
			...logConfigOf(spec),
		},
	};
}

/** The identity of an Envoy from its container's labels. */
export function identityIn(labels: Readonly<Record<string, string>>): ProxyIdentity {
	const { [INSTANCE]: instance = '', [HASH]: hash = '', [ADMIN_SOCKET]: socketPath, [ADMIN_PORT]: port } = labels;
	return { instance, hash, admin: socketPath === undefined ? { port: Number(port) } : { socketPath } };
}

/** An empty driver name means Docker's default; options may go with it. */
const logConfigOf = ({ logDriver, logOptions }: ProxySpec): Pick<Docker.HostConfig, 'LogConfig'> =>
	logDriver === '' && Object.keys(logOptions).length === 0
		? {}
		: { LogConfig: { Type: logDriver, Config: { ...logOptions } } };
