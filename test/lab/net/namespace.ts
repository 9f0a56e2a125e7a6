// A network namespace. The machine's own network is never touched, and nothing outlives the owner.
import { type ChildProcess, execFileSync, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { untilExit } from './cleanup.ts';
import { isStale, ownName } from './owner.ts';
import { killAll } from './processes.ts';

const folder = '/var/run/netns';

// For the test's own start (scripts/test); what it runs starts as on a user's host.
delete process.env['NODE_COMPILE_CACHE'];

export interface Identity {
	readonly uid?: number;
	/** The uid's own group, unless given. Other groups are dropped. */
	readonly gid?: number;
}

export interface RunOptions extends Identity {
	readonly input?: string;
	readonly env?: Readonly<Record<string, string>>;
	/** A program that hangs is killed then. */
	readonly timeoutMs?: number;
}

export interface Result {
	readonly code: number;
	readonly stdout: string;
	readonly stderr: string;
}

export interface Namespace extends Disposable {
	readonly name: string;
	readonly path: string;
	/** Standard output; throws with standard error in its message. */
	readonly run: (file: string, args: readonly string[], options?: RunOptions) => string;
	readonly tryRun: (file: string, args: readonly string[], options?: RunOptions) => Result;
	/** The child's pid is the program's own: nsenter does not fork. */
	readonly spawn: (file: string, args: readonly string[], options?: SpawnOptions & Identity) => ChildProcess;
}

export function createNamespace(role: string): Namespace {
	const name = ownName(role);
	const dispose = untilExit(() => removeNamespace(name));
	execFileSync('ip', ['netns', 'add', name], { stdio: 'pipe' });
	const tryRun: Namespace['tryRun'] = (file, args, options = {}) => runInside(name, file, args, options);
	return {
		name,
		path: `${folder}/${name}`,
		tryRun,
		run: (file, args, options) => stdoutOf(tryRun(file, args, options), `${file} ${args.join(' ')}`),
		spawn: (file, args, { uid, gid, ...options } = {}) => {
			return spawn('nsenter', enter(name, file, args, identity(uid, gid)), options);
		},
		[Symbol.dispose]: dispose,
	};
}

/** Removes what killed owners left; those of live owners stay. */
export function removeStaleNamespaces(): void {
	for (const name of listNamespaces().filter(isStale))
		try {
			removeNamespace(name);
		} catch (error) {
			// Two suites may clean up at the same time: it fails only if the namespace is still there.
			if (listNamespaces().includes(name)) throw error;
		}
}

export function listNamespaces(): string[] {
	try {
		return readdirSync(folder);
	} catch {
		return [];
	}
}

function removeNamespace(name: string): void {
	if (!listNamespaces().includes(name)) return;
	killAll(() => ip('netns', 'pids', name).split('\n').filter(Boolean).map(Number));
	ip('netns', 'delete', name);
	rmSync(`/etc/netns/${name}`, { recursive: true, force: true });
}

const ip = (...args: readonly string[]): string => execFileSync('ip', args, { encoding: 'utf8', stdio: 'pipe' });

const identity = (uid?: number, gid = uid): Identity => ({
	...(uid === undefined ? {} : { uid }),
	...(gid === undefined ? {} : { gid }),
});

/** Not `ip netns exec`: it makes a mount namespace as well, and hides the cgroups. */
function enter(name: string, file: string, args: readonly string[], { uid, gid }: Identity): string[] {
	return [
		`--net=${folder}/${name}`,
		...(gid === undefined ? [] : [`--setgid=${gid}`]),
		...(uid === undefined ? [] : [`--setuid=${uid}`]),
		'--',
		file,
		...args,
	];
}

function runInside(name: string, file: string, args: readonly string[], options: RunOptions): Result {
	const { uid, gid, env = {}, input = '', timeoutMs = 120_000 } = options;
	const { status, signal, error, stdout, stderr } = spawnSync('nsenter', enter(name, file, args, identity(uid, gid)), {
		encoding: 'utf8',
		input,
		env: { ...process.env, ...env },
		timeout: timeoutMs,
		killSignal: 'SIGKILL',
		maxBuffer: 64 << 20,
	});
	// A program may end before it has read all of its input.
	if (error !== undefined && status === null) throw new Error(`Cannot run ${file}: ${error.message}`, { cause: error });
	return { code: status ?? 128, stdout, stderr: signal === null ? stderr : `${stderr}killed by ${signal}` };
}

function stdoutOf({ code, stdout, stderr }: Result, command: string): string {
	if (code !== 0) throw new Error(`${command}: exit code ${code}: ${stderr.trim() || stdout.trim()}`);
	return stdout;
}
