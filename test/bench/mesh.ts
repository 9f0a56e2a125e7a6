// What a mesh takes: changes under load, deaths, memory.
import type { TestDaemon } from '../lab/turnout.ts';
import { compare, type Figure } from './figure.ts';
import { benchChanges, type Changes, p99Figure } from './mesh/changes.ts';
import { type DaemonDeaths, killDaemons, killEnvoys, killPlain } from './mesh/deaths.ts';
import { startFileEnvoy } from './mesh/file-envoy.ts';
import { benchLoaded, benchMemory, benchMeshStatus, benchSaves, startPlain } from './mesh/memory.ts';
import { startWithoutDns } from './mesh/silent-dns.ts';
import { type MeshWorld, openMeshWorld } from './mesh/world.ts';
import type { BenchOptions } from './options.ts';

export async function benchMesh(options: BenchOptions, tell: (text: string) => void): Promise<readonly Figure[]> {
	await using stack = new AsyncDisposableStack();
	const world = await openMeshWorld(stack);
	const loaded = await benchLoaded(world);
	const memory = await benchBeside(world, options);
	const changes = await benchChanges(world, options, tell);
	const deaths = await killDaemons(world, options.kills, stack);
	for (const cause of deaths.causes) tell(`the daemon's deaths: ${cause}`);
	for (const name of deaths.sentAgain) tell(`the daemon's deaths, sent again: ${name}`);
	return [
		...changes.figures,
		...(await deathFigures(world, deaths, changes)),
		...(await envoyFigures(world, deaths.daemon, options)),
		...[loaded, ...memory, await benchSaves(world, deaths.daemon, options.saves)],
	];
}

/** Beside a daemon that has no mesh. */
async function benchBeside(world: MeshWorld, options: BenchOptions): Promise<readonly Figure[]> {
	await using plain = await startPlain(world);
	return [await benchMemory(world, plain), await benchMeshStatus(world, plain, options)];
}

async function deathFigures(world: MeshWorld, deaths: DaemonDeaths, { flips }: Changes): Promise<Figure[]> {
	const name = 'the daemon is killed';
	const { connectedMs, ms } = deaths;
	const values = await killPlain(world, 3);
	const plain = { name: 'a daemon without a mesh, until it is ready', values };
	return [
		compare(`${name}, until Envoy is connected to the next, median of ${connectedMs.length}`, connectedMs, plain),
		{
			...{ name: `${name}, the same, the longest`, unit: 'ms', ours: Math.max(...connectedMs) },
			reference: { name: `${plain.name}, the longest`, value: Math.max(...values) },
			limits: { on: 'value', must: 3_000 },
		},
		p99Figure(
			`${name}: a flip of weights after it, p99`,
			ms,
			{ name: 'without deaths', values: flips.ours.ms },
			{
				...{ on: 'value', must: 50 },
			},
		),
		nothing(`${name}: requests that failed, of ${deaths.requests}`, deaths.failures.length, {
			...{ name: 'without deaths', value: flips.ours.failures.length },
		}),
		nothing(`${name}: responses that Envoy is sent again`, deaths.sentAgain.length, {
			...{ name: 'that it had before', value: deaths.updates },
		}),
	];
}

const nothing = (name: string, ours: number, reference: { readonly name: string; readonly value: number }): Figure => ({
	...{ name, unit: '', ours, reference },
	limits: { on: 'value', goal: 0, must: 0 },
});

/** How soon an Envoy is of use. */
async function envoyFigures(world: MeshWorld, daemon: TestDaemon, options: BenchOptions): Promise<Figure[]> {
	const back = await killEnvoys(daemon, Math.ceil(options.kills / 4));
	const alone: number[] = [];
	for (const _ of back) {
		await using envoy = await startFileEnvoy(world);
		alone.push(envoy.liveMs);
	}
	const { silent, known } = await startWithoutDns(world, { ...options, runs: Math.min(options.runs, 3) });
	const byItself = { name: 'an Envoy by itself, until it is LIVE', values: alone };
	const longest = (name: string, ours: readonly number[], values: readonly number[], must: number): Figure => ({
		...{ name, unit: 'ms', ours: Math.max(...ours), limits: { on: 'value', must } },
		reference: { name: 'the longest of the same', value: Math.max(...values) },
	});
	const answered = { name: 'names that it knows', values: known };
	return [
		compare(`Envoy is killed, until it is LIVE and configured, median of ${back.length}`, back, byItself),
		longest('Envoy is killed, the same, the longest', back, alone, 2_000),
		compare(`a DNS server that never answers, until Envoy is LIVE, median of ${silent.length}`, silent, answered),
		longest('a DNS server that never answers, the same, the longest', silent, known, 3_000),
	];
}
