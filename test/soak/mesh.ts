// A host of a mesh at work for a long time: its definitions change every second, others undo rules and break definitions every
// five, clients ask both ways without a pause.
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { killDaemon } from '../bench/mesh/deaths.ts';
import type { LoadReport } from '../bench/mesh/load.ts';
import { structure } from '../bench/mesh/steps.ts';
import { type Step, takeStep, underLoad } from '../bench/mesh/under-load.ts';
import { type MeshWorld, openMeshWorld } from '../bench/mesh/world.ts';
import { readResidentMb } from '../bench/process-figures.ts';
import type { TestDaemon } from '../lab/turnout.ts';
import { eventually } from '../support/eventually.ts';
import { soakFaults } from './faults.ts';
import { countFiles, injure, untilWell } from './soak.ts';

export interface MeshSoakReport {
	readonly seconds: number;
	readonly changes: number;
	readonly faults: number;
	readonly requests: number;
	/** What came of those that were not answered, outside the faults' own windows, and in them. */
	readonly calmFailures: readonly string[];
	readonly faultFailures: number;
	readonly memory: readonly number[];
	readonly files: readonly number[];
}

const CHANGE_MS = 1_000;
const CHANGES_A_FAULT = 5;

interface Scene {
	readonly world: MeshWorld;
	daemon: TestDaemon;
}

interface MeshFault {
	readonly what: string;
	readonly act: (scene: Scene) => Promise<unknown>;
}

/** Those for IPv4: the hosts have no other. */
const rules: readonly MeshFault[] = soakFaults
	.filter(({ script }) => !script.includes('ip6tables'))
	.map((fault) => ({
		what: fault.what,
		act: ({ world, daemon }) => injure(world.hosts.asker.namespace, daemon, fault),
	}));

/** Between those that undo rules. */
const definitions: readonly [MeshFault, ...MeshFault[]] = [
	{
		what: 'a file of the definitions is half written',
		async act({ world, daemon }) {
			writeFileSync(join(world.asking.definitions, 'half.json'), '[{ "meshName": ');
			await untilTrouble(daemon);
			rmSync(join(world.asking.definitions, 'half.json'));
		},
	},
	{
		what: 'the definitions vanish, and come back',
		async act({ world: { asking }, daemon }) {
			renameSync(asking.definitions, `${asking.definitions}.gone`);
			await untilTrouble(daemon);
			renameSync(`${asking.definitions}.gone`, asking.definitions);
		},
	},
	{
		what: 'the daemon is killed',
		async act(scene) {
			scene.daemon = (await killDaemon(scene.world, scene.daemon)).next;
		},
	},
];

const untilTrouble = (daemon: TestDaemon) =>
	eventually(
		() => daemon.readStatus(),
		({ conditions }) => conditions.some(({ subject, ok }) => subject === 'mesh' && !ok),
	);

export async function soakMesh(seconds: number, tell: (text: string) => void): Promise<MeshSoakReport> {
	await using stack = new AsyncDisposableStack();
	const world = await openMeshWorld(stack);
	const scene: Scene = { world, daemon: world.asker.daemon };
	stack.defer(async () => void (await scene.daemon.stop()));
	// More than there is time for.
	const steps = structure(seconds + CHANGES_A_FAULT);
	const startedMs = performance.now();
	const [calm, inFaults, memory, files]: [LoadReport[], LoadReport[], number[], number[]] = [[], [], [], []];
	while (performance.now() - startedMs < seconds * 1_000) {
		const at = memory.length;
		const next = steps.slice(at * CHANGES_A_FAULT, (at + 1) * CHANGES_A_FAULT);
		calm.push(...(await underLoad(world.ours, () => takeSteps(world, next))));
		const fault = faultOf(at);
		const during = await underLoad(world.ours, async () => {
			await fault.act(scene);
			await untilWell(scene.daemon, fault.what, 0);
		});
		inFaults.push(...during);
		memory.push(readResidentMb(scene.daemon.process.pid ?? 0));
		files.push(countFiles(scene.daemon));
		tell(`${fault.what}: ${failuresIn(during).length} failed; ${Math.round(memory.at(-1) ?? 0)} MB`);
	}
	return {
		seconds: Math.round((performance.now() - startedMs) / 1_000),
		...{ changes: memory.length * CHANGES_A_FAULT, faults: memory.length, memory, files },
		requests: [...calm, ...inFaults].reduce((sum, { requests }) => sum + requests, 0),
		calmFailures: failuresIn(calm),
		faultFailures: failuresIn(inFaults).length,
	};
}

const failuresIn = (reports: readonly LoadReport[]): string[] =>
	reports.flatMap(({ failures }) => failures.map(({ what }) => what));

/** Rules, definitions, rules, … */
function faultOf(at: number): MeshFault {
	const own = at % 2 === 0 ? rules : definitions;
	return own[(at >> 1) % own.length] ?? definitions[0];
}

async function takeSteps(world: MeshWorld, steps: readonly Step[]): Promise<void> {
	for (const step of steps) {
		await takeStep(world.ours, step);
		await sleep(CHANGE_MS);
	}
}
