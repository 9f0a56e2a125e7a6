import type Docker from 'dockerode';
import type { ProxyIdentity, ProxySpec } from '../../ports-proxy.ts';

export const OWNER = 'turnout.owner';
export const INSTANCE = 'turnout.instance';
export const HASH = 'turnout.hash';
export const ADMIN_PORT = 'turnout.adminPort';

/** As the 2019 guide's `docker run`, with no more rights than Envoy needs. */
export function containerOf(
	owner: string,
	spec: ProxySpec,
	{ instance, hash, adminPort }: ProxyIdentity,
): Docker.ContainerCreateOptions {
	return {
		Image: spec.image,
		User: `${spec.uid}:${spec.gid}`,
		...(spec.command === '' ? {} : { Entrypoint: [spec.command] }),
		Cmd: [...spec.args],
		Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
		Labels: { [OWNER]: owner, [INSTANCE]: instance, [HASH]: hash, [ADMIN_PORT]: String(adminPort) },
		HostConfig: {
			NetworkMode: 'host',
			CapDrop: ['ALL'],
			SecurityOpt: ['no-new-privileges'],
			ReadonlyRootfs: true,
			Tmpfs: { '/tmp': 'rw,noexec,nosuid,nodev,mode=1777' },
			Mounts: [...Object.keys(spec.files), ...spec.mounts].map((path) => ({
				Type: 'bind',
				Source: path,
				Target: path,
				ReadOnly: true,
			})),
			// Started again by us and not by Docker: rules depend on it.
			RestartPolicy: { Name: 'no' },
			...(spec.memoryMegabytes === 0 ? {} : { Memory: spec.memoryMegabytes * 1024 * 1024 }),
			...(spec.openFiles === 0 ? {} : { Ulimits: [{ Name: 'nofile', Soft: spec.openFiles, Hard: spec.openFiles }] }),
			...(spec.logDriver === '' ? {} : { LogConfig: { Type: spec.logDriver, Config: {} } }),
		},
	};
}
