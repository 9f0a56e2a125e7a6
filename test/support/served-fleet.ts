// The Envoys of `turnout control --ads`, with definitions and Envoys in memory.
import { createFleet } from '../../src/control/ads/fleet.ts';
import { createFleetCounts } from '../../src/control/ads/fleet-counts.ts';
import { createCurrentMesh } from '../../src/control/current-mesh.ts';
import { Failure } from '../../src/failure.ts';
import { loadCodec } from '../../src/host/ads/load-codec.ts';
import type { Fields } from '../../src/lib/log-event.ts';
import type { DefinitionFile } from '../../src/mesh/load-mesh.ts';
import { createFakeClock } from './fake-clock.ts';
import { createFakeXdsClient, type FakeXdsClient, jsonCodec } from './fake-xds-client.ts';
import { guideFiles } from './guide-mesh.ts';

export type FleetClient = FakeXdsClient & { readonly leave: () => void };

export function serveFleet() {
	const clock = createFakeClock();
	const counts = createFleetCounts();
	const logged: { readonly event: string; readonly fields: Fields }[] = [];
	const watching: (() => void)[] = [];
	const queue: (() => void)[] = [];
	const world = { files: guideFiles() as readonly DefinitionFile[] | undefined, encoded: 0 };
	const mesh = createCurrentMesh(
		{
			read() {
				if (world.files !== undefined) return world.files;
				throw new Failure('config', 'Cannot read the definitions /mesh: no such file or directory', 'None');
			},
			watch: (onChange) => void watching.push(onChange),
		},
		{ parameters: new Map(), clock },
	);
	const codec = {
		...jsonCodec,
		encodeResource(resource: Parameters<typeof jsonCodec.encodeResource>[0]) {
			world.encoded += 1;
			return jsonCodec.encodeResource(resource);
		},
	};
	const fleet = createFleet({
		...{ mesh, clock, counts, drainMs: 0, createCodec: () => codec, loadCodec },
		options: { ingressPort: 15_000, egressPort: 15_001 },
		log: (_level, event, fields = {}) => void logged.push({ event, fields }),
	});
	fleet.watch(new AbortController().signal);
	/** Lets all that is under way arrive; the definitions are looked at a second time where they have mistakes. */
	const settle = async (): Promise<void> => {
		for (let turn = 0; turn < 20; turn += 1) {
			try {
				for (let next = queue.shift(); next !== undefined; next = queue.shift()) next();
			} catch (error) {
				// Its stream has ended.
				queue.length = 0;
				throw error;
			}
			await new Promise((resolve) => setImmediate(resolve));
		}
	};
	return {
		...{ world, fleet, logged, clock, counts, settle },
		async save(files: readonly DefinitionFile[] | undefined) {
			world.files = files;
			for (const tell of watching) tell();
			await settle();
			await clock.advance(150);
			await settle();
		},
		/** `admit`: as for Fleet.open. */
		async connect(
			node?: string,
			admit: () => void = () => undefined,
			versions?: FakeXdsClient['versions'],
		): Promise<FleetClient> {
			const stream = fleet.open({ address: '10.0.0.5', admit }, (bytes) => queue.push(() => client.receive(bytes)) > 0);
			const client = createFakeXdsClient((bytes) => void queue.push(() => stream.receive(bytes)), node);
			client.connect(versions);
			await settle();
			return Object.assign(client, { leave: stream.close });
		},
	};
}
