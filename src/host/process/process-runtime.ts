import { statSync } from 'node:fs';
import type { NewProxyIdentity, OnOutput, ProxyRuntime, ProxySpec, RunningProxy } from '../../envoy/runtime.ts';
import { Failure } from '../../failure.ts';
import { quote } from '../../lib/escape.ts';
import { readLines } from '../../lib/read-lines.ts';
import { makeForUser, removeAdmin, removeAdminFolder, sweepAdmins } from '../envoy/admin-folder.ts';
import { type Child, doesNotRun, exitOf, startChild, stop } from './child.ts';
import { findProgram } from './find-program.ts';
import { findOrphans, type ProcessNotes } from './orphans.ts';
import type { Run } from './runner.ts';
import { startTransparent } from './transparent-child.ts';

export interface ProcessRuntimeOptions {
	readonly notes: ProcessNotes;
	readonly adminFolder: string;
	readonly run: Run;
}

interface Context extends ProcessRuntimeOptions {
	readonly running: Set<Child>;
}

/** Runs Envoy as a child process. */
export function createProcessRuntime(options: ProcessRuntimeOptions): ProxyRuntime {
	const { notes, adminFolder } = options;
	const context: Context = { ...options, running: new Set() };
	let isSwept = false;
	return {
		prepare: async ({ command }) => fingerprint(programOf(command)),
		async start(spec, identity, onOutput) {
			const [startedAt, parent] = [new Date().toISOString(), process.pid];
			// Noted before it starts: if we are killed in between, the next daemon still finds it.
			notes.add({ ...identity, uid: spec.uid, startedAt, parent });
			const deleteNote = () => notes.remove(identity.instance);
			const started = await start(context, spec, { ...identity, startedAt }, onOutput).catch((error) => {
				deleteNote();
				throw error;
			});
			return { ...started, exited: started.exited.finally(deleteNote) };
		},
		async adopt() {
			const orphans = findOrphans(notes);
			// Only once: later on there are folders of our own Envoys.
			if (!isSwept) sweepAdmins(adminFolder, orphans);
			isSwept = true;
			return orphans;
		},
		problem: () => '',
		async close() {
			context.running.forEach(detach);
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

/** Changes when the program is replaced by another version at the same path. */
function fingerprint(program: string): string {
	const { size, mtimeMs, ino } = statSync(program);
	return `${program} ${size} ${mtimeMs} ${ino}`;
}

/** Leaves it running without keeping us from ending. */
function detach(child: Child): void {
	child.nodeChildProcess.unref();
	for (const stream of [child.stdout, child.stderr]) stream.destroy();
}

type StartedIdentity = NewProxyIdentity & Pick<RunningProxy, 'startedAt'>;

async function start(
	context: Context,
	spec: ProxySpec,
	identity: StartedIdentity,
	onOutput: OnOutput,
): Promise<RunningProxy> {
	const { command, args, uid, gid, env } = spec;
	const program = programOf(command);
	await makeForUser(identity.admin.socketPath, uid, context.run).catch((cause) => {
		throw cause instanceof Failure ? cause : doesNotRun(program, cause);
	});
	const child =
		spec.isTransparent === true ? startTransparent(program, spec) : startChild(program, args, { uid, gid, env });
	if (child.pid !== undefined) return attach(context, child, identity, onOutput);
	removeAdmin(identity);
	throw doesNotRun(program, (await child).cause);
}

function attach({ running }: Context, child: Child, identity: StartedIdentity, onOutput: OnOutput): RunningProxy {
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
