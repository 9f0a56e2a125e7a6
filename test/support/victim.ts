// A host that bad input must not change: it has foreign rules, and rules of ours from a start that went well.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installDockerRules } from '../lab/net/docker-rules.ts';
import { createHost, type HostOptions } from '../lab/net/host.ts';
import type { Namespace } from '../lab/net/namespace.ts';
import { createScratch } from '../lab/net/scratch.ts';
import { snapshotHost } from '../lab/net/snapshot.ts';
import { type Outcome, turnoutProgram } from '../lab/turnout.ts';
import { eventually } from './eventually.ts';
import { outcomeOf } from './outcome.ts';
import { run } from './run.ts';

export interface Circumstances {
	/** Undefined: not set, whatever it is outside. */
	readonly env?: Readonly<Record<string, string | undefined>>;
	/** A program, with its arguments, that runs turnout: as somebody else, or with something missing. */
	readonly through?: readonly string[];
}

export interface Victim extends Disposable {
	readonly host: Namespace;
	/** Its own, for sockets, state and files; whoever Envoy runs as may look into it. */
	readonly folder: string;
	readonly turnout: (args: readonly string[], circumstances?: Circumstances) => Promise<Outcome>;
	/** `turnout run` with its socket and state in the folder, unless the circumstances say otherwise. */
	readonly daemon: (args: readonly string[], circumstances?: Circumstances) => Promise<Outcome>;
	/** Rules and routes are as they were, and no process and no socket is left. */
	readonly assertUntouched: () => Promise<void>;
}

/** What should end by itself and does not is ended, and its code is then none that anybody expects. */
const PATIENCE_MS = 60_000;

export function createVictim(options: HostOptions = {}): Victim {
	using stack = new DisposableStack();
	const { host } = stack.use(createHost({ container: false, ...options }));
	const { path: folder } = stack.use(createScratch('victim'));
	installDockerRules(host, 'nft');
	run(host, ['init', '--app-ports', '7070', '--backend', 'iptables-nft']);
	const before = snapshotHost(host);
	const own = { TURNOUT_SOCKET: join(folder, 'control.sock'), TURNOUT_STATE_DIRECTORY: join(folder, 'state') };
	const turnout: Victim['turnout'] = (args, { env = {}, through = [] } = {}) => {
		const [file = '', ...rest] = [...through, turnoutProgram, ...args];
		const child = host.spawn(file, rest, { stdio: 'pipe', env: { ...process.env, ...env }, cwd: '/' });
		const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
		return outcomeOf(child).finally(() => clearTimeout(late));
	};
	const kept = stack.move();
	return {
		host,
		folder,
		turnout,
		daemon: (args, circumstances = {}) =>
			turnout(['run', '--no-prompt', ...args], { ...circumstances, env: { ...own, ...circumstances.env } }),
		async assertUntouched() {
			const now = snapshotHost(host);
			for (const [section, text] of Object.entries(before)) assert.equal(now[section], text, `${section} has changed`);
			await eventually(
				() => processesIn(host),
				(pids) => pids === '',
			);
			assert.deepEqual(socketsIn(folder), []);
		},
		[Symbol.dispose]: () => kept.dispose(),
	};
}

const socketsIn = (folder: string): string[] =>
	readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
		entry.isSocket() ? [entry.name] : [],
	);

const processesIn = ({ name }: Namespace): string => execFileSync('ip', ['netns', 'pids', name], { encoding: 'utf8' });
