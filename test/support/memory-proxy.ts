// A runtime in memory whose proxies are functions. It passes the same contract as the real ones
// (test/contract/proxy-runtime.test.ts).

import type { Exit, OnOutput, ProxyIdentity, ProxyRuntime, ProxySpec, RunningProxy } from '../../src/envoy/runtime.ts';
import { Failure } from '../../src/failure.ts';

/** Resolves to its exit code, or to the signal that it ends itself with. */
export type Program = (run: Run) => Promise<number | NodeJS.Signals>;

export interface Run extends ProxyIdentity {
	readonly spec: ProxySpec;
	readonly say: OnOutput;
	/** SIGTERM was sent; a program that ignores it is ended by SIGKILL alone. */
	readonly terminated: Promise<void>;
}

export interface MemoryOptions {
	/** By command; any other is not installed. */
	readonly programs: Readonly<Record<string, Program>>;
	/** Called first in each of them; what they throw is the failure. */
	readonly onPrepare?: (...args: Parameters<ProxyRuntime['prepare']>) => Promise<void>;
	readonly onStart?: (spec: ProxySpec) => Promise<void>;
	readonly onStop?: (id: string, graceMs: number) => Promise<void>;
	readonly onAdopt?: () => Promise<void>;
	/** What the image is at the moment. */
	readonly digest?: () => string;
	readonly problem?: () => string;
}

export interface MemoryProxies {
	/** One for each daemon of the host. */
	readonly runtime: () => ProxyRuntime;
	/** Running or not, in the order of their start. */
	readonly instances: () => readonly MemoryInstance[];
	readonly running: () => readonly MemoryInstance[];
	/** It ends without being asked to. */
	readonly end: (instance: MemoryInstance, exit: Exit) => void;
	/** The id of the one that has the configured name. */
	readonly nameHolder: () => string | undefined;
	/** The `isOver` of each closed runtime. */
	readonly closed: readonly boolean[];
}

export interface MemoryInstance extends ProxyIdentity {
	readonly id: string;
	readonly spec: ProxySpec;
	readonly startedAt: string;
	readonly listeners: Set<OnOutput>;
	readonly exit: PromiseWithResolvers<Exit>;
	readonly terminated: PromiseWithResolvers<void>;
	isRunning: boolean;
}

interface World {
	readonly options: MemoryOptions;
	readonly instances: Set<MemoryInstance>;
	readonly name: { holder: MemoryInstance | undefined; started: number };
	readonly closed: boolean[];
}

export function createMemoryProxies(options: MemoryOptions): MemoryProxies {
	const world: World = { options, instances: new Set(), name: { holder: undefined, started: 0 }, closed: [] };
	const instances = () => [...world.instances];
	return {
		instances,
		running: () => instances().filter(({ isRunning }) => isRunning),
		end,
		closed: world.closed,
		nameHolder: () => world.name.holder?.id,
		runtime: () => ({
			prepare: (...args) => prepare(world, ...args),
			start: (spec, identity, onOutput) => start(world, spec, identity, onOutput),
			adopt: (onOutput) => adopt(world, onOutput),
			problem: () => options.problem?.() ?? '',
			async close(isOver) {
				await new Promise(setImmediate);
				world.closed.push(isOver);
			},
		}),
	};
}

async function prepare({ options }: World, ...args: Parameters<ProxyRuntime['prepare']>): Promise<string> {
	const [spec] = args;
	await options.onPrepare?.(...args);
	programOf(options, spec);
	return `${spec.image} ${spec.command} ${options.digest?.() ?? ''}`;
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
	const instance: MemoryInstance = {
		...{ ...identity, spec, id: `memory ${world.name.started}`, isRunning: true, listeners: new Set([onOutput]) },
		// Distinct, however fast they follow one another.
		startedAt: new Date(Date.UTC(2026, 10, 23) + world.name.started).toISOString(),
		...{ exit: Promise.withResolvers<Exit>(), terminated: Promise.withResolvers<void>() },
	};
	world.instances.add(instance);
	world.name.holder ??= instance;
	const say = (line: string) => {
		if (instance.isRunning) for (const listener of instance.listeners) listener(line);
	};
	const run = { ...identity, spec, say, terminated: instance.terminated.promise };
	// Its output begins after `start` has resolved.
	setImmediate(() => void program(run).then((how) => end(instance, exitOf(how))));
	return running(world, instance);
}

const exitOf = (how: number | NodeJS.Signals): Exit =>
	typeof how === 'number' ? { code: how, signal: undefined } : { code: undefined, signal: how };

function end(instance: MemoryInstance, exit: Exit): void {
	instance.isRunning = false;
	instance.exit.resolve(exit);
}

function running(world: World, proxy: MemoryInstance): RunningProxy {
	const { id, instance, hash, admin, spec, startedAt } = proxy;
	return {
		...{ id, instance, hash, admin, startedAt, image: spec.image, exited: proxy.exit.promise },
		async stop(graceMs) {
			if (graceMs > 0) proxy.terminated.resolve();
			await world.options.onStop?.(id, graceMs);
			const late = setTimeout(() => end(proxy, { code: undefined, signal: 'SIGKILL' }), graceMs);
			const exit = await proxy.exit.promise;
			clearTimeout(late);
			remove(world, proxy);
			return exit;
		},
		async promote() {
			world.name.holder = proxy;
		},
	};
}

function remove({ instances, name }: World, instance: MemoryInstance): void {
	instances.delete(instance);
	if (name.holder === instance) name.holder = undefined;
}

async function adopt(world: World, onOutput: OnOutput): Promise<RunningProxy[]> {
	await world.options.onAdopt?.();
	for (const instance of world.instances) if (!instance.isRunning) remove(world, instance);
	return [...world.instances].map((instance) => {
		instance.listeners.add(onOutput);
		return running(world, instance);
	});
}
