// A real etcd, in a namespace that a test has made: Debian's, unpacked beside the sources, so that no service is started.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { untilExit } from '../net/cleanup.ts';
import { createNamespace, type Namespace, type Result } from '../net/namespace.ts';
import { createScratch, removeStaleScratches } from '../net/scratch.ts';

const cache = new URL('../../../.cache', import.meta.url).pathname;

/** The folder of `etcd` and `etcdctl`. */
export async function findEtcd(folder = cache): Promise<string> {
	const kept = join(folder, 'etcd');
	if (!existsSync(kept)) await fetchEtcd(kept, folder);
	return join(kept, 'usr/bin');
}

async function fetchEtcd(path: string, folder: string): Promise<void> {
	mkdirSync(dirname(path), { recursive: true });
	removeStaleScratches(folder);
	using scratch = createScratch('etcd', folder);
	const at = { cwd: scratch.path };
	await execa('apt-get', ['download', '-qq', 'etcd-server', 'etcd-client'], at);
	for (const name of readdirSync(scratch.path)) await execa('dpkg', ['-x', name, 'root'], at);
	// A second suite may have been faster.
	if (!existsSync(path)) renameSync(join(scratch.path, 'root'), path);
}

export interface EtcdOptions {
	/** 127.0.0.1 unless given, where other hosts are to reach it. */
	readonly address?: string;
	readonly name?: string;
	/** `NAME=URL` of each member's `--initial-cluster`. */
	readonly cluster?: readonly string[];
	readonly args?: readonly string[];
	/** Where its data and its socket are: a former one's, for its successor. Its creator disposes of it. */
	readonly folder?: string;
	/** `http` or `https`. */
	readonly scheme?: string;
	/** Of etcdctl. */
	readonly ctlArgs?: readonly string[];
}

export interface Etcd extends AsyncDisposable {
	readonly endpoint: string;
	/** What reaches it from any namespace. */
	readonly socket: string;
	readonly process: ChildProcess;
	readonly log: () => string;
	/** `etcdctl`; throws where it fails. */
	readonly ctl: (...args: readonly string[]) => string;
	readonly tryCtl: (...args: readonly string[]) => Result;
	/** By this signal; resolves once it has ended. */
	readonly end: (signal: NodeJS.Signals) => Promise<void>;
}

const CLIENTS = 2_379;
const PEERS = 2_380;
/** As etcd names it in its working folder: it is a socket. */
const SOCKET = 'localhost:1';

export const peerUrl = (address: string): string => `http://${address}:${PEERS}`;

/** Resolves once it answers, or has ended; one of several answers once most of them do. */
export async function startEtcd(host: Namespace, options: EtcdOptions = {}): Promise<Etcd> {
	const { address = '127.0.0.1', name = 'default', scheme = 'http', args = [], ctlArgs = [] } = options;
	const programs = await findEtcd();
	using stack = new DisposableStack();
	const path = options.folder ?? stack.use(createScratch('etcd')).path;
	const [clients, endpoint] = [`${scheme}://${address}:${CLIENTS}`, `${address}:${CLIENTS}`];
	const { cluster = [`${name}=${peerUrl(address)}`] } = options;
	const own = [
		...['--name', name, '--data-dir', join(path, 'data'), '--listen-client-urls', `${clients},unix://${SOCKET}`],
		...['--advertise-client-urls', clients, '--listen-peer-urls', peerUrl(address)],
		...['--initial-advertise-peer-urls', peerUrl(address), '--initial-cluster', cluster.join()],
		...['--logger', 'zap', '--log-level', 'warn', '--initial-cluster-state', 'new'],
	];
	const file = openSync(join(path, 'log'), 'a');
	const child = host.spawn(join(programs, 'etcd'), [...own, ...args], { cwd: path, stdio: ['ignore', file, file] });
	closeSync(file);
	const ended = once(child, 'close');
	stack.defer(untilExit(() => void child.kill('SIGKILL')));
	const socket = join(path, SOCKET);
	const tryCtl = (...words: readonly string[]): Result =>
		host.tryRun(join(programs, 'etcdctl'), [`--endpoints=${clients}`, ...ctlArgs, ...words], {
			env: { ETCDCTL_API: '3' },
		});
	const log = () => readFileSync(join(path, 'log'), 'utf8');
	const isRunning = () => child.exitCode === null && child.signalCode === null;
	if (cluster.length === 1)
		for (let tries = 0; isRunning() && tryCtl('get', '/none').code !== 0 && tries < 200; tries += 1) await sleep(50);
	const kept = stack.move();
	return {
		...{ endpoint, socket, process: child, log, tryCtl },
		ctl(...words) {
			const { code, stdout, stderr } = tryCtl(...words);
			if (code !== 0) throw new Error(`etcdctl ${words.join(' ')}: ${stderr}`);
			return stdout;
		},
		async end(signal) {
			child.kill(signal);
			await ended;
		},
		async [Symbol.asyncDispose]() {
			child.kill('SIGKILL');
			await ended;
			kept.dispose();
		},
	};
}

/** One in a namespace of its own. */
export async function startLoneEtcd(stack: AsyncDisposableStack, options: EtcdOptions = {}): Promise<Etcd> {
	const host = stack.use(createNamespace('etcd'));
	host.run('ip', ['link', 'set', 'lo', 'up']);
	return stack.use(await startEtcd(host, options));
}
