import type { ChildProcess } from 'node:child_process';
import { statSync } from 'node:fs';
import type { NewProxyIdentity, OnOutput, ProxyRuntime, ProxySpec, RunningProxy } from '../../envoy/runtime.ts';
import { Failure } from '../../failure.ts';
import { quote } from '../../lib/escape.ts';
import { readLines } from '../../lib/read-lines.ts';
import { makeForUser, removeAdmin, removeAdminFolder, sweepAdmins } from '../envoy/admin-folder.ts';
import { findProgram } from '../iptables/programs.ts';
import { type Child, doesNotRun, exitOf, spawnAs, spawned, stop } from './child.ts';
import { findOrphans, type ProcessNotes } from './orphans.ts';

/** Envoy as a child process of ours, in a session of its own: a Ctrl-C at our terminal must not reach it before us. */
export function createProcessRuntime(notes: ProcessNotes, adminFolder: string): ProxyRuntime {
	const running = new Set<ChildProcess>();
	let isSwept = false;
	return {
		prepare: async ({ command }) => exactly(programOf(command)),
		async start(spec, identity, onOutput) {
			const [startedAt, parent] = [new Date().toISOString(), process.pid];
			// Before it is there: whoever ends us in between leaves none that nobody knows of.
			notes.add({ ...identity, uid: spec.uid, startedAt, parent });
			const forget = () => notes.remove(identity.instance);
			const started = await start(spec, { ...identity, startedAt }, onOutput, running).catch((error) => {
				forget();
				throw error;
			});
			return { ...started, exited: started.exited.finally(forget) };
		},
		async adopt() {
			const orphans = findOrphans(notes);
			// Of a former daemon's; later on there are those of ours.
			if (!isSwept) sweepAdmins(adminFolder, orphans);
			isSwept = true;
			return orphans;
		},
		problem: () => '',
		async close() {
			running.forEach(letGo);
			removeAdminFolder(adminFolder);
		},
	};
}

function programOf(command: string): string {
	const program = findProgram(command);
	if (program !== undefined) return program;
	throw new Failure(
		'envoy',
		`Cannot start Envoy: there is no program ${quote(command)}`,
		'Install Envoy, or set envoy.command (TURNOUT_ENVOY_COMMAND) to where it is',
	);
}

/** One that was replaced by a newer is another, though its path is the same. */
function exactly(program: string): string {
	const { size, mtimeMs, ino } = statSync(program);
	return `${program} ${size} ${mtimeMs} ${ino}`;
}

/** Whatever it does from now on does not keep us from ending. */
function letGo(child: ChildProcess): void {
	child.unref();
	for (const stream of [child.stdout, child.stderr]) stream?.destroy();
}

async function start(
	spec: ProxySpec,
	identity: NewProxyIdentity & Pick<RunningProxy, 'startedAt'>,
	onOutput: OnOutput,
	running: Set<ChildProcess>,
): Promise<RunningProxy> {
	const { command, args, uid, gid, env } = spec;
	const program = programOf(command);
	await makeForUser(identity.admin.socketPath, uid).catch((cause) => {
		throw cause instanceof Failure ? cause : doesNotRun(program, cause);
	});
	try {
		const child = spawnAs(program, args, { uid, gid, env: { ...process.env, ...env } });
		const proxy = attach(child, identity, onOutput, running);
		await spawned(child, program);
		return proxy;
	} catch (error) {
		removeAdmin(identity);
		throw error;
	}
}

function attach(
	child: Child,
	identity: NewProxyIdentity & Pick<RunningProxy, 'startedAt'>,
	onOutput: OnOutput,
	running: Set<ChildProcess>,
): RunningProxy {
	const read = Promise.all([child.stdout, child.stderr].map((input) => readLines(input, onOutput)));
	running.add(child);
	const exited = exitOf(child, read).finally(() => {
		running.delete(child);
		removeAdmin(identity);
	});
	return {
		...identity,
		id: `pid ${child.pid}`,
		image: '',
		exited,
		stop: (graceMs) => stop(child, exited, graceMs),
		promote: async () => undefined,
	};
}
