// A real podman inside a host of the lab, with nothing of it outside: its own mounts, its own /run, its own images and networks.
import { once } from 'node:events';
import { existsSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { removeCgroup } from '../net/cgroups.ts';
import { untilExit } from '../net/cleanup.ts';
import type { Host } from '../net/host.ts';
import type { Namespace, Result } from '../net/namespace.ts';
import { ownRun } from '../net/own-run.ts';
import { killAll } from '../net/processes.ts';
import { createScratch } from '../net/scratch.ts';

/** Of Debian's package; podman is run by none where one of them is missing. */
const programs = ['/usr/bin/podman', '/usr/sbin/runc', '/usr/lib/podman/netavark', '/usr/bin/catatonit'];

/** Why there is no podman here; undefined where there is. */
export const whyNoPodman = (): string | undefined => {
	const missing = programs.filter((path) => !existsSync(path));
	return missing.length === 0
		? undefined
		: `${missing.join(', ')} missing: apt-get install podman runc netavark catatonit`;
};

export interface Podman extends Disposable {
	/** Standard output. */
	readonly podman: (args: readonly string[]) => string;
	readonly tryPodman: (args: readonly string[]) => Result;
	/** `podman kube play` of a manifest, by its text. */
	readonly play: (manifest: string) => Result;
	readonly removePods: () => void;
	readonly addressesOf: (pod: string) => { readonly v4: string; readonly v6: string };
	/** Runs programs in the network of a pod. */
	readonly inside: (pod: string) => Pick<Namespace, 'spawn'>;
}

/** Locks and caches of all podmans are elsewhere than what it is told to keep. */
const keep = `set -e
${ownRun}
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /var/lib
echo ready
exec sleep infinity`;

/** Of its network; the host's world has a route to both. */
const subnets = { v4: '10.89.77.0/24', v6: 'fd89::/64' } as const;
const NETWORK = 'pods';

export async function startPodman(lab: Host, via: { readonly v4: string; readonly v6: string }): Promise<Podman> {
	using stack = new DisposableStack();
	const { path: folder } = stack.use(createScratch('podman'));
	writeFileSync(join(folder, 'containers.conf'), settings);
	stack.defer(untilExit(() => removeCgroup(CGROUP)));
	const keeper = lab.host.spawn('unshare', ['-m', 'sh', '-c', keep], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	stack.defer(untilExit(() => killFamily(lab, keeper.pid ?? 0)));
	if (keeper.stdout) await once(keeper.stdout, 'data');
	const own = [`--mount=/proc/${keeper.pid}/ns/mnt`, 'podman', ...options(folder)];
	const env = { CONTAINERS_CONF: join(folder, 'containers.conf'), TMPDIR: folder };
	const podman = (args: readonly string[]): string => lab.host.run('nsenter', [...own, ...args], { env });
	const tryPodman = (args: readonly string[]): Result => lab.host.tryRun('nsenter', [...own, ...args], { env });
	podman(['network', 'create', '--ipv6', '--subnet', subnets.v4, '--subnet', subnets.v6, NETWORK]);
	for (const [subnet, gateway] of [
		[subnets.v4, via.v4],
		[subnets.v6, via.v6],
	] as const)
		lab.world.run('ip', ['route', 'add', subnet, 'via', gateway]);
	const written = (manifest: string): string => {
		const path = join(folder, 'pod.yaml');
		writeFileSync(path, manifest);
		return path;
	};
	const infraOf = (pod: string) => podman(['pod', 'inspect', '--format', '{{.InfraContainerID}}', pod]).trim();
	const removePods = () => void tryPodman(['pod', 'rm', '--all', '--force', '--time', '0']);
	const kept = stack.move();
	return {
		podman,
		tryPodman,
		play: (manifest) => tryPodman(['kube', 'play', '--network', NETWORK, written(manifest)]),
		removePods,
		addressesOf(pod) {
			const [v4 = '', v6 = ''] = podman(['inspect', '--format', ADDRESSES, infraOf(pod)])
				.trim()
				.split(' ');
			return { v4, v6 };
		},
		inside(pod) {
			const pid = podman(['inspect', '--format', '{{.State.Pid}}', infraOf(pod)]).trim();
			return {
				spawn: (file, args, { uid = 0, gid = uid, ...more } = {}) =>
					lab.host.spawn(
						'nsenter',
						[`--net=/proc/${pid}/ns/net`, `--setgid=${gid}`, `--setuid=${uid}`, '--', file, ...args],
						more,
					),
			};
		},
		[Symbol.dispose]: () => {
			removePods();
			kept.dispose();
		},
	};
}

const ADDRESSES = '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.GlobalIPv6Address}}{{end}}';

/** The limits of a machine that may be lower than podman's own defaults. */
const settings = `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "k8s-file"
[engine]
events_logger = "file"
[network]
network_backend = "netavark"
`;

/** crun, podman's choice, refuses hybrid cgroups. */
const options = (folder: string): readonly string[] => [
	...['--root', join(folder, 'root'), '--runroot', join(folder, 'runroot'), '--tmpdir', join(folder, 'tmp')],
	...['--network-config-dir', join(folder, 'networks'), '--storage-driver', 'vfs'],
	...['--runtime', '/usr/sbin/runc', '--cgroup-manager', 'cgroupfs'],
];

/** Where podman puts all of its containers. */
const CGROUP = 'libpod_parent';

/** Whatever sees its mounts: containers' monitors too, and with these the containers. */
function killFamily(lab: Host, keeper: number): void {
	const mounts = mountsOf(keeper);
	if (mounts === undefined) return;
	killAll(() => {
		const { stdout } = execaSync('ip', ['netns', 'pids', lab.host.name]);
		return stdout
			.split('\n')
			.filter(Boolean)
			.map(Number)
			.filter((pid) => mountsOf(pid) === mounts);
	});
}

function mountsOf(pid: number): string | undefined {
	try {
		return readlinkSync(`/proc/${pid}/ns/mnt`);
	} catch {
		return undefined;
	}
}
