// A machine with a real systemd: Debian or Ubuntu in a root of its own, booted as the host of a lab, with that host's network.
import { type ChildProcess, spawn } from 'node:child_process';
import {
	closeSync,
	existsSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	renameSync,
	writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa, execaSync } from 'execa';
import { removeCgroup } from '../net/cgroups.ts';
import { untilExit } from '../net/cleanup.ts';
import type { Result } from '../net/namespace.ts';
import { createScratch, removeStaleScratches } from '../net/scratch.ts';
import { TEST_NOTICE_BUFFER } from '../turnout.ts';

const cache = new URL('../../../.cache', import.meta.url).pathname;
const packages = ['systemd', 'systemd-sysv', 'dbus', 'iptables', 'nftables', 'iproute2'];

/** What debootstrap is told beside the packages that every machine has. */
const distributions = {
	debian: { packages: ['rpm'], options: [], words: (root: string) => ['bookworm', root] },
	ubuntu: {
		packages: [],
		// Debian has no keyring of Ubuntu's, and names the script that is for all releases of it by the first.
		options: ['--no-check-gpg'],
		words: (root: string) => ['noble', root, 'http://archive.ubuntu.com/ubuntu', 'gutsy'],
	},
} as const;
export type Distribution = keyof typeof distributions;

/** What a machine's disk holds outlives its power. */
export interface Disk extends Disposable {
	/** Everything that it was not made with. */
	readonly folder: string;
}

export interface Machine extends AsyncDisposable {
	/** Its first process, as the test's machine numbers it. */
	readonly pid: number;
	/** Standard output of a program in it; throws with standard error in its message. */
	readonly run: (program: string, ...args: readonly string[]) => string;
	readonly tryRun: (program: string, ...args: readonly string[]) => Result;
	/** Where a file of it is for the test. */
	readonly path: (file: string) => string;
	/** Orderly, as `systemctl poweroff`. */
	readonly powerOff: () => Promise<void>;
}

export interface BootOptions {
	/** Path of ours → where the machine has it, read-only. */
	readonly given?: Readonly<Record<string, string>>;
	/** The same, to be written. */
	readonly shared?: Readonly<Record<string, string>>;
	/** It has cgroups of the second version and no others, whatever this machine has. */
	readonly hasSecondCgroups?: boolean;
	/** Debian unless given. */
	readonly distribution?: Distribution;
}

/** A distribution with systemd and nothing of ours; made once per checkout, in a minute. */
async function findRoot(distribution: Distribution, folder = cache): Promise<string> {
	const { words, options, packages: more } = distributions[distribution];
	const kept = join(folder, [distribution, words('')[0], ...more].join('-'));
	mkdirSync(folder, { recursive: true });
	// Several test files begin at once: the first one makes it.
	while (!existsSync(kept) && isBeingMade(folder)) await sleep(200);
	if (existsSync(kept)) return kept;
	// Beside its place, so that it can be put there in one step.
	using scratch = createScratch('root', folder);
	const root = join(scratch.path, 'root');
	const include = `--include=${[...packages, ...more].join(',')}`;
	await execa('debootstrap', ['--variant=minbase', ...options, include, ...words(root)]);
	try {
		renameSync(root, kept);
	} catch (error) {
		// A second suite was faster.
		if (!existsSync(kept)) throw error;
	}
	return kept;
}

function isBeingMade(folder: string): boolean {
	removeStaleScratches(folder);
	return readdirSync(folder).some((name) => name.endsWith('-root'));
}

export function createDisk(): Disk {
	const scratch = createScratch('disk');
	for (const name of ['upper', 'work', 'root']) mkdirSync(join(scratch.path, name), { mode: 0o755 });
	const settings = join(scratch.path, 'upper/etc/systemd/system.conf.d');
	mkdirSync(settings, { recursive: true, mode: 0o755 });
	// As startDaemon of test/lab/turnout.ts does it.
	const environment = `[Manager]\nDefaultEnvironment=TEST_NOTICE_BUFFER=${TEST_NOTICE_BUFFER}\n`;
	writeFileSync(join(settings, 'test.conf'), environment);
	return { folder: scratch.path, [Symbol.dispose]: () => scratch[Symbol.dispose]() };
}

/** Its mounts are its own, so that they end with it; so is its cgroup, by which all of it is found. */
const script = `
set -e
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
	if [ -w "$hierarchy/cgroup.procs" ]; then
		mkdir -p "$hierarchy/$3"
		echo $$ > "$hierarchy/$3/cgroup.procs"
	fi
done
# What nspawn notes down of its machines is nobody else's business either.
mkdir -p /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
shift 3
exec systemd-nspawn "$@"
`;

/** Resolves once every service that starts with it has started. `network`: a path to the namespace that it runs in. */
export async function boot(
	disk: Disk,
	network: { readonly path: string },
	options: BootOptions = {},
): Promise<Machine> {
	using stack = new DisposableStack();
	const cgroup = `${basename(disk.folder)}-${Date.now()}`;
	stack.defer(untilExit(() => removeCgroup(cgroup)));
	const binds = [
		...Object.entries(options.given ?? {}).map(([from, to]) => `--bind-ro=${from}:${to}`),
		...Object.entries(options.shared ?? {}).map(([from, to]) => `--bind=${from}:${to}`),
	];
	const child = startNspawn(
		await findRoot(options.distribution ?? 'debian'),
		disk,
		cgroup,
		[`--network-namespace-path=${network.path}`, ...binds],
		options.hasSecondCgroups === true,
	);
	const ended = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
	const pid = await untilBooted(child, disk);
	const tryRun: Machine['tryRun'] = (program, ...args) => inside(pid, program, args);
	const kept = stack.move();
	const powerOff = async (): Promise<void> => {
		tryRun('systemctl', 'poweroff');
		await ended;
	};
	return {
		pid,
		tryRun,
		run: (program, ...args) => stdoutOf(tryRun(program, ...args), [program, ...args].join(' ')),
		path: (file) => join(`/proc/${pid}/root`, file),
		powerOff,
		async [Symbol.asyncDispose]() {
			kept.dispose();
			await ended;
		},
	};
}

function startNspawn(
	root: string,
	disk: Disk,
	cgroup: string,
	more: readonly string[],
	hasSecondCgroups: boolean,
): ChildProcess {
	const log = openSync(join(disk.folder, 'console'), 'a');
	const own = ['--quiet', '--register=no', '--keep-unit', '--machine=turnout', `--directory=${disk.folder}/root`];
	const bare = ['--link-journal=no', '--resolv-conf=off', '--timezone=off', '--console=pipe', '--boot'];
	const rights = '--capability=CAP_NET_ADMIN,CAP_NET_RAW';
	const words = [...own, ...bare, rights, ...more];
	try {
		const args = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', root, disk.folder, cgroup, ...words];
		const env = { ...process.env, ...(hasSecondCgroups ? { SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' } : {}) };
		return spawn('unshare', args, { stdio: ['ignore', log, log], env });
	} finally {
		closeSync(log);
	}
}

const PATIENCE_MS = 180_000;

async function untilBooted(child: ChildProcess, { folder }: Disk): Promise<number> {
	const deadline = performance.now() + PATIENCE_MS;
	for (;;) {
		const pid = firstProcess(child.pid ?? 0);
		if (pid !== undefined && isBooted(pid)) return pid;
		const isOver = child.exitCode !== null || child.signalCode !== null || performance.now() > deadline;
		if (isOver) throw new Error(`systemd does not start:\n${readFileSync(join(folder, 'console'), 'utf8')}`);
		await sleep(50);
	}
}

/** The one child of nspawn that stays, once it has become systemd. */
function firstProcess(nspawn: number): number | undefined {
	try {
		const children = readFileSync(`/proc/${nspawn}/task/${nspawn}/children`, 'utf8').trim().split(' ').filter(Boolean);
		return children.map(Number).find((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'systemd');
	} catch {
		return undefined;
	}
}

const isBooted = (pid: number): boolean =>
	/^(running|degraded)$/.test(inside(pid, 'systemctl', ['is-system-running']).stdout.trim());

function inside(pid: number, program: string, args: readonly string[]): Result {
	const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LANG: 'C.UTF-8' };
	const options = { env, extendEnv: false, timeout: 120_000, stripFinalNewline: false, reject: false } as const;
	const words = ['--target', String(pid), '--all', program, ...args];
	const { exitCode, stdout, stderr } = execaSync('nsenter', words, options);
	return { code: exitCode ?? 128, stdout, stderr };
}

function stdoutOf({ code, stdout, stderr }: Result, command: string): string {
	if (code !== 0) throw new Error(`${command}: exit code ${code}: ${stderr.trim() || stdout.trim()}`);
	return stdout;
}
