// The mesh of a daemon, with definitions, disk, clock and Envoy in memory.
import { createMeshDelivery, type MeshDelivery } from '../../src/daemon/mesh-delivery.ts';
import { Failure } from '../../src/failure.ts';
import type { Fields } from '../../src/lib/log-event.ts';
import type { DefinitionFile } from '../../src/mesh/load-mesh.ts';
import { type Counters, createCounters } from '../../src/status/counters.ts';
import type { Snapshot } from '../../src/xds/snapshot.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { createFakeXdsClient, type FakeXdsClient, jsonCodec } from './fake-xds-client.ts';
import { guideFiles } from './guide-mesh.ts';

/** How long Envoy's connections have to end. */
export const DRAIN_MS = 20_000;

export interface MeshWorld {
	/** Undefined: the folder is not there. */
	files: readonly DefinitionFile[] | undefined;
	/** Why the definitions are not followed. */
	away: Failure | undefined;
	/** What the disk has, as JSON. */
	stored: string;
	readonly clock: FakeClock;
	/** Events with their fields, and with what the disk had then. */
	readonly logged: { readonly event: string; readonly fields: Fields; readonly stored: string }[];
}

export interface DeliveredMesh {
	readonly delivery: MeshDelivery;
	readonly counters: Counters;
	/** What was saved is noticed. */
	readonly saved: () => void;
	/** The ports of each change of the rules. */
	readonly ruleChanges: readonly string[];
	/** How the rules are changed. */
	follow: () => Promise<void>;
	/** An Envoy that asks. `versions`: of what it has already; `judge`: what it rejects. */
	readonly connect: (
		versions?: FakeXdsClient['versions'],
		judge?: FakeXdsClient['judge'],
	) => FakeXdsClient & { readonly leave: () => void };
	/** Lets all messages that are under way arrive. */
	readonly settle: () => void;
}

export const createMeshWorld = (files: readonly DefinitionFile[] | undefined = guideFiles()): MeshWorld => ({
	...{ files, away: undefined, stored: '', clock: createFakeClock(), logged: [] },
});

export function deliverMesh(world: MeshWorld): DeliveredMesh {
	const { clock, logged } = world;
	const counters = createCounters();
	const watching: (() => void)[] = [];
	const delivery = createMeshDelivery({
		...{ clock, counters, codec: jsonCodec, parameters: new Map(), drainMs: DRAIN_MS },
		node: { mesh: 'simpleapp', kind: 'virtualNode', name: 'serviceA' },
		options: { ingressPort: 15_000, egressPort: 15_001 },
		readDefinitions() {
			if (world.files !== undefined) return world.files;
			throw new Failure('config', 'Cannot read the definitions /mesh: no such file or directory', 'None');
		},
		watchDefinitions: (onChange) => void watching.push(onChange),
		sourceTrouble: () => world.away,
		snapshots: {
			read: () =>
				world.stored === '' ? undefined : (JSON.parse(world.stored) as { node: string; snapshot: Snapshot }),
			write(text) {
				world.stored = text;
			},
		},
		log: (_level, event, fields = {}) => void logged.push({ event, fields, stored: world.stored }),
	});
	const ruleChanges: string[] = [];
	delivery.watch(() => {
		ruleChanges.push(String(delivery.ports()));
		return mesh.follow();
	}, new AbortController().signal);
	const queue: (() => void)[] = [];
	const settle = () => {
		for (let next = queue.shift(); next !== undefined; next = queue.shift()) next();
	};
	const mesh: DeliveredMesh = {
		...{ delivery, counters, settle, ruleChanges, follow: async () => undefined },
		saved: () => {
			for (const tell of watching) tell();
			settle();
		},
		connect(versions, judge) {
			const connection = delivery.open((bytes) => queue.push(() => client.receive(bytes)) > 0);
			const client = createFakeXdsClient((bytes) => void queue.push(() => connection.receive(bytes)));
			if (judge !== undefined) client.judge = judge;
			client.connect(versions);
			settle();
			return Object.assign(client, { leave: connection.close });
		},
	};
	return mesh;
}
