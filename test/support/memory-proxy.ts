// Envoys that are no processes: what runs is a function. It passes the same contract as the real runtimes
// (test/contract/proxy-runtime.test.ts).

import type { Exit, OnOutput, ProxyIdentity, ProxyRuntime, ProxySpec, RunningProxy } from '../../src/envoy/runtime.ts';
import { Failure } from '../../src/failure.ts';

/** Resolves to its exit code, or to the signal that it ends itself with. */
export type Program = (run: Run) => Promise<number | NodeJS.Signals>;

export interface Run extends ProxyIdentity {
	readonly spec: ProxySpec;
	readonly say: OnOutput;
	/** Told to end by SIGTERM; a program that does not look is ended by SIGKILL alone. */
	readonly terminated: Promise<void>;
}

export interface MemoryOptions {
	/** By their command; any other is not there. */
	readonly programs: Readonly<Record<string, Program>>;
	/** Called in each of them, before anything; what it throws is their failure. */
	readonly onPrepare?: (...args: Parameters<ProxyRuntime['prepare']>) => Promise<void>;
	readonly onStart?: (spec: ProxySpec) => Promise<void>;
}

export interface MemoryProxies {
	/** Each daemon has its own. */
	readonly runtime: () => ProxyRuntime;
	/** What is there, running or not, in the order of its start. */
	readonly bodies: () => readonly Body[];
	readonly running: () => readonly Body[];
	/** Ends it by no wish of ours. */
	readonly end: (body: Body, exit: Exit) => void;
	/** The id of the one that goes by the name of ours. */
	readonly bearer: () => string | undefined;
}

export interface Body extends ProxyIdentity {
	readonly id: string;
	readonly spec: ProxySpec;
	readonly startedAt: string;
	readonly heard: Set<OnOutput>;
	readonly exit: PromiseWithResolvers<Exit>;
	readonly terminated: PromiseWithResolvers<void>;
	isRunning: boolean;
}

interface World {
	readonly options: MemoryOptions;
	readonly bodies: Set<Body>;
	readonly name: { bearer: Body | undefined; started: number };
}

export function createMemoryProxies(options: MemoryOptions): MemoryProxies {
	const world: World = { options, bodies: new Set(), name: { bearer: undefined, started: 0 } };
	const bodies = () => [...world.bodies];
	return {
		bodies,
		running: () => bodies().filter(({ isRunning }) => isRunning),
		end,
		bearer: () => world.name.bearer?.id,
		runtime: () => ({
			prepare: (...args) => prepare(world, ...args),
			start: (spec, identity, onOutput) => start(world, spec, identity, onOutput),
			adopt: async (onOutput) => adopt(world, onOutput),
			problem: () => '',
			close: async () => undefined,
		}),
	};
}

async function prepare({ options }: World, ...args: Parameters<ProxyRuntime['prepare']>): Promise<string> {
	const [spec] = args;
	await options.onPrepare?.(...args);
	programOf(options, spec);
	return `${spec.image} ${spec.command}`;
}

function programOf({ programs }: MemoryOptions, { command }: ProxySpec): Program {
	const program = programs[command];
	if (program === undefined)
		throw new Failure('envoy', `Cannot start Envoy: there is no program "${command}"`, 'None in a memory');
	return program;
}

async function start(
	world: World,
	spec: ProxySpec,
	identity: ProxyIdentity,
	onOutput: OnOutput,
): Promise<RunningProxy> {
	await world.options.onStart?.(spec);
	const program = programOf(world.options, spec);
	world.name.started += 1;
	const body: Body = {
		...{ ...identity, spec, id: `memory ${world.name.started}`, isRunning: true, heard: new Set([onOutput]) },
		// A clock that tells them apart, however fast they follow one another.
		startedAt: new Date(Date.UTC(2026, 10, 23) + world.name.started).toISOString(),
		...{ exit: Promise.withResolvers<Exit>(), terminated: Promise.withResolvers<void>() },
	};
	world.bodies.add(body);
	world.name.bearer ??= body;
	const say = (line: string) => {
		if (body.isRunning) for (const hear of body.heard) hear(line);
	};
	const run = { ...identity, spec, say, terminated: body.terminated.promise };
	// It begins when whoever started it has heard that it runs.
	setImmediate(() => void program(run).then((how) => end(body, exitOf(how))));
	return running(world, body);
}

const exitOf = (how: number | NodeJS.Signals): Exit =>
	typeof how === 'number' ? { code: how, signal: undefined } : { code: undefined, signal: how };

function end(body: Body, exit: Exit): void {
	body.isRunning = false;
	body.exit.resolve(exit);
}

function running(world: World, body: Body): RunningProxy {
	const { id, instance, hash, admin, spec, startedAt } = body;
	return {
		...{ id, instance, hash, admin, startedAt, image: spec.image, exited: body.exit.promise },
		async stop(graceMs) {
			if (graceMs > 0) body.terminated.resolve();
			const late = setTimeout(() => end(body, { code: undefined, signal: 'SIGKILL' }), graceMs);
			const exit = await body.exit.promise;
			clearTimeout(late);
			remove(world, body);
			return exit;
		},
		async promote() {
			world.name.bearer = body;
		},
	};
}

function remove({ bodies, name }: World, body: Body): void {
	bodies.delete(body);
	if (name.bearer === body) name.bearer = undefined;
}

function adopt(world: World, onOutput: OnOutput): RunningProxy[] {
	for (const body of world.bodies) if (!body.isRunning) remove(world, body);
	return [...world.bodies].map((body) => {
		body.heard.add(onOutput);
		return running(world, body);
	});
}
