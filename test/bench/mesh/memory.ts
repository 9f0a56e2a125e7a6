// What the daemon takes of the host with a mesh, beside one without.
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDaemon, type TestDaemon, turnoutProgram } from '../../lab/turnout.ts';
import { compare, type Figure } from '../figure.ts';
import { readResidentMb } from '../process-figures.ts';
import { turnoutCommand } from '../programs.ts';
import { pidOf } from '../rest.ts';
import { interleave, type Patience } from '../samples.ts';
import { createStopwatch } from '../stopwatch.ts';
import { flips } from './steps.ts';
import { type Step, takeStep } from './under-load.ts';
import type { MeshWorld } from './world.ts';

/** Without a mesh, and with an Envoy of its own. */
export function startPlain(
	{ hosts: { plain }, envoy, asking: { args = [] } }: MeshWorld,
	{ program = turnoutProgram, folder }: { readonly program?: string; readonly folder?: string } = {},
): Promise<TestDaemon> {
	const own = ['--envoy-runtime', 'process', '--envoy-command', envoy, '--start-enabled', '1', '--app-ports', '80'];
	return startDaemon(plain.namespace, {
		args: [...own, ...args],
		// The last word before turnout's is its usual program.
		through: [...plain.through, 'sh', '-c', 'program="$1"; shift 2; exec "$program" "$@"', 'sh', program],
		...(folder === undefined ? {} : { folder }),
	});
}

/** In the order in which they are loaded. */
const meshOnly = ['grpc.cjs', 'protobuf.cjs', 'envoy-api.cjs'];

/** Starts a daemon without a mesh from a copy of the program that lacks them. */
export async function benchLoaded(world: MeshWorld): Promise<Figure> {
	const copy = join(world.folder, 'program');
	mkdirSync(join(copy, 'lib'), { recursive: true });
	const source = dirname(turnoutProgram);
	for (const name of readdirSync(join(source, 'lib')))
		if (!meshOnly.includes(name)) copyFileSync(join(source, 'lib', name), join(copy, 'lib', name));
	copyFileSync(turnoutProgram, join(copy, 'turnout'));
	const daemon = await startPlain(world, { program: join(copy, 'turnout') });
	const needs = daemon.log().includes('"event":"ready"') ? 0 : meshOnly.length;
	await daemon.stop();
	return {
		...{ name: 'files of gRPC and protobuf that a daemon without a mesh needs', unit: '', ours: needs },
		reference: { name: 'with a mesh', value: meshOnly.length },
		limits: { on: 'value', goal: 0, must: 0 },
	};
}

/** V8 gives back what the start has taken. */
const SETTLE_MS = 3_000;

/** Both as they are after their start. */
export async function benchMemory({ asker }: MeshWorld, plain: TestDaemon): Promise<Figure> {
	await sleep(SETTLE_MS);
	const [ours = Number.NaN, value = Number.NaN] = [asker.daemon, plain].map(({ process }) =>
		readResidentMb(pidOf(process)),
	);
	return {
		...{ name: "the daemon's memory, what a mesh adds to it", unit: 'MB', ours: ours - value },
		reference: { name: 'all of it without a mesh', value },
		limits: { on: 'value', must: 20 },
	};
}

/** Each is another mesh, which Envoy takes. */
export async function benchSaves({ ours }: MeshWorld, daemon: TestDaemon, count: number): Promise<Figure> {
	const pid = pidOf(daemon.process);
	const steps = flips(count);
	const half = Math.ceil(count / 2);
	const save = async (some: readonly Step[]) => {
		for (const step of some) await takeStep(ours, step);
		await sleep(SETTLE_MS);
		return readResidentMb(pid);
	};
	// V8 lets its heap grow with the first work, and no further.
	const value = await save(steps.slice(0, half));
	const after = await save(steps.slice(half));
	return {
		...{ name: `the daemon's memory, after ${count} saves`, unit: 'MB', ours: after },
		reference: { name: 'after half of them', value },
		limits: { on: 'ratio', must: 1.1 },
	};
}

/** `status` from its start to its end. */
export async function benchMeshStatus(world: MeshWorld, plain: TestDaemon, patience: Patience): Promise<Figure> {
	using stack = new DisposableStack();
	const { hosts, asker } = world;
	const [meshed, bare] = [hosts.asker, hosts.plain].map(({ namespace }) => stack.use(createStopwatch(namespace)));
	if (!meshed || !bare) throw new Error('unreachable: two were made');
	const command = ({ socket }: TestDaemon) => turnoutCommand('status', '--socket', socket);
	const { mesh, without } = await interleave(patience, {
		mesh: () => meshed.time(command(asker.daemon)),
		without: () => bare.time(command(plain)),
	});
	const limits = { on: 'ratio', goal: 1.1 } as const;
	return compare('status with a mesh', mesh, { name: 'status without', values: without }, limits);
}
