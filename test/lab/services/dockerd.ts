// A real Docker inside a host of the lab, with nothing of it outside: its own mounts, its own /run, its own cgroup.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execaSync } from 'execa';
import { removeCgroup } from '../net/cgroups.ts';
import { untilExit } from '../net/cleanup.ts';
import type { Host } from '../net/host.ts';
import type { Result } from '../net/namespace.ts';
import { ownRun } from '../net/own-run.ts';
import { killAll } from '../net/processes.ts';
import type { Dialect } from '../net/restore.ts';
import { createScratch } from '../net/scratch.ts';

export interface DockerOptions {
	/** Of the rules that it writes; the machine's own default unless given. */
	readonly dialect?: Dialect;
	/** More of daemon.json. */
	readonly config?: Readonly<Record<string, unknown>>;
	/** What Docker finds in /etc/hosts. */
	readonly hosts?: string;
	/** Root in a container is an unprivileged user outside (`userns-remap`). */
	readonly isRemapped?: boolean;
}

export interface Docker extends AsyncDisposable {
	readonly socket: string;
	/** For files; removed with Docker. */
	readonly folder: string;
	/** Of dockerd, as it is now. */
	readonly pid: () => number;
	/** For the client: the socket, and a configuration without any login. */
	readonly env: Readonly<Record<'DOCKER_HOST' | 'DOCKER_CONFIG', string>>;
	/** Standard output of the client. */
	readonly docker: (args: readonly string[]) => string;
	readonly tryDocker: (args: readonly string[]) => Result;
	/** As a crash would: its containers live on. */
	readonly kill: () => void;
	/** As `systemctl stop docker` would: containers end, unless `live-restore` lets them go on. */
	readonly stop: () => Promise<void>;
	/** As `systemctl restart docker` would: those run with `--restart always` come back. Also after a stop. */
	readonly restart: () => Promise<void>;
}

/** Use a host made with `container: false`: Docker makes docker0 itself. */
export async function startDockerd(lab: Host, options: DockerOptions = {}): Promise<Docker> {
	await using stack = new AsyncDisposableStack();
	const { path: folder } = stack.use(createScratch('docker'));
	const cgroup = basename(folder);
	stack.defer(untilExit(() => removeCgroup(cgroup)));
	const socket = join(folder, 'docker.sock');
	const remap = options.isRemapped === true ? { 'userns-remap': REMAPPED } : {};
	writeFileSync(
		join(folder, 'daemon.json'),
		JSON.stringify({ ...settings(folder, lab.hasIpv6), ...remap, ...options.config }),
	);
	if (options.isRemapped === true)
		for (const file of ['subuid', 'subgid']) writeFileSync(join(folder, file), `${REMAPPED}:100000:65536\n`);
	writeFileSync(join(folder, 'hosts'), options.hosts ?? '127.0.0.1 localhost\n::1 localhost\n');
	const path = `${options.dialect === undefined ? '' : `${linkPrograms(folder, options.dialect)}:`}${process.env['PATH']}`;
	let child = spawnDockerd(lab, folder, path);
	const kill = (): void => killFamily(lab, child);
	stack.defer(untilExit(kill));
	await untilReady(socket, child, folder);
	const mounts = openSync(`/proc/${child.pid}/ns/mnt`, 'r');
	stack.defer(() => closeSync(mounts));
	const stop = async (): Promise<void> => {
		child.kill('SIGTERM');
		if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
	};
	const restart = async (): Promise<void> => {
		await stop();
		child = spawnDockerd(lab, folder, path, mounts);
		await untilReady(socket, child, folder);
	};
	const env = { DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: join(folder, 'client') };
	// Not what PATH finds first: a newer client refuses to speak to an older Docker.
	const docker = (args: readonly string[]): string => lab.host.run('/usr/bin/docker', args, { env });
	const tryDocker = (args: readonly string[]): Result => lab.host.tryRun('/usr/bin/docker', args, { env });
	const pid = (): number => child.pid ?? Number.NaN;
	const kept = stack.move();
	const dispose = () => kept.disposeAsync();
	return { socket, folder, pid, env, docker, tryDocker, kill, stop, restart, [Symbol.asyncDispose]: dispose };
}

const settings = (folder: string, hasIpv6: boolean): Record<string, unknown> => ({
	'data-root': join(folder, 'data'),
	'exec-root': join(folder, 'exec'),
	pidfile: join(folder, 'pid'),
	hosts: [`unix://${join(folder, 'docker.sock')}`],
	// Ours to find its containers by when it has been killed.
	'cgroup-parent': `/${basename(folder)}`,
	'exec-opts': ['native.cgroupdriver=cgroupfs'],
	...(hasIpv6 ? { ipv6: true, 'fixed-cidr-v6': 'fd17::/64', ip6tables: true, experimental: true } : {}),
});

/** A user that every Debian has. */
const REMAPPED = 'games';

const script = `
set -e
${ownRun}
mount --bind "$1/hosts" /etc/hosts
for file in subuid subgid; do [ ! -e "$1/$file" ] || mount --bind "$1/$file" /etc/$file; done
exec /usr/sbin/dockerd --config-file "$1/daemon.json"
`;

/** `mounts`: those of a former one, in which its containers go on; new ones unless given. */
function spawnDockerd(lab: Host, folder: string, path: string, mounts?: number): ChildProcess {
	const log = openSync(join(folder, 'log'), 'a');
	const [program = '', ...args] =
		mounts === undefined
			? ['unshare', '-m', 'sh', '-c', script, 'sh', folder]
			: ['nsenter', `--mount=/proc/${process.pid}/fd/${mounts}`, ...dockerd, join(folder, 'daemon.json')];
	try {
		// A containerd that has been stopped for long writes its stacks to where temporary files are.
		const env = { ...process.env, PATH: path, TMPDIR: folder };
		return lab.host.spawn(program, args, { stdio: ['ignore', log, log], env });
	} finally {
		closeSync(log);
	}
}

const dockerd = ['/usr/sbin/dockerd', '--config-file'];

/** The name selects the program, and Docker takes the first `iptables` in its PATH. */
function linkPrograms(folder: string, dialect: Dialect): string {
	for (const name of ['iptables', 'ip6tables']) symlinkSync(`/usr/sbin/xtables-${dialect}-multi`, join(folder, name));
	return folder;
}

async function untilReady(socket: string, child: ChildProcess, folder: string, patienceMs = 120_000): Promise<void> {
	const deadline = performance.now() + patienceMs;
	while (!(await answers(socket))) {
		const isOver = child.exitCode !== null || child.signalCode !== null || performance.now() > deadline;
		if (isOver) throw new Error(`dockerd does not start:\n${readFileSync(join(folder, 'log'), 'utf8').slice(-2_000)}`);
		await sleep(25);
	}
}

const answers = (socketPath: string): Promise<boolean> =>
	new Promise((resolve) => {
		request({ socketPath, path: '/_ping', agent: false, timeout: 1_000 }, (response) => {
			response.resume().on('end', () => resolve(response.statusCode === 200));
		})
			.on('error', () => resolve(false))
			.end();
	});

/** Docker with its containerd, shims and proxies: whatever shares its mounts, in the host's namespace. */
function killFamily(lab: Host, child: ChildProcess): void {
	const { pid } = child;
	const mounts = pid === undefined ? undefined : mountsOf(pid);
	child.kill('SIGKILL');
	if (mounts === undefined || mounts === mountsOf(process.pid)) return;
	killAll(() => processesOf(lab).filter((other) => mountsOf(other) === mounts));
}

function processesOf(lab: Host): number[] {
	const { stdout } = execaSync('ip', ['netns', 'pids', lab.host.name]);
	return stdout.split('\n').filter(Boolean).map(Number);
}

function mountsOf(pid: number): string | undefined {
	try {
		return readlinkSync(`/proc/${pid}/ns/mnt`);
	} catch {
		return undefined;
	}
}
