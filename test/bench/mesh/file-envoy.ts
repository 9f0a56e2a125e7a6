// The reference: an Envoy by itself, which reads the same resources from files, behind the same rules.
import { once } from 'node:events';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootstrapBase } from '../../../src/xds/bootstrap-base.ts';
import { type Json, type JsonObject, type ResourceKind, type Snapshot, typeUrls } from '../../../src/xds/snapshot.ts';
import { type MeshState, nodes, snapshotOf } from './changing-mesh.ts';
import type { Load } from './load.ts';
import { monotonicMs } from './monotonic.ts';
import type { MeshWorld } from './world.ts';

export interface FileEnvoy extends AsyncDisposable {
	/** From its start until it was LIVE. */
	readonly liveMs: number;
	/** Writes what differs, each file at once; resolves to the moment just before the last one was in its place. */
	readonly save: (state: MeshState) => number;
}

const ENVOY_USER = '1337';
const ADMIN_PORT = 9901;
const PATIENCE_MS = 30_000;

export async function startFileEnvoy({ hosts, envoy, ...world }: MeshWorld): Promise<FileEnvoy> {
	const folder = join(world.folder, 'files');
	const written = new Map<string, string>();
	const save = (state: MeshState) => writeChanged(folder, snapshotOf(state), written);
	mkdirSync(join(folder, 'routes'), { recursive: true });
	save({});
	const bootstrap = join(folder, 'bootstrap.json');
	writeFileSync(bootstrap, JSON.stringify(bootstrapOf(folder)));
	const user = ['--reuid', ENVOY_USER, '--regid', ENVOY_USER, '--clear-groups'];
	const startedMs = monotonicMs();
	const child = hosts.reference.inside.spawn(
		'setpriv',
		[...user, envoy, '-c', bootstrap, '--log-level', 'critical', '--disable-hot-restart'],
		// A session of its own, as the daemon has one with its Envoy.
		{ stdio: ['ignore', 'ignore', 'inherit'], detached: true },
	);
	const ended = once(child, 'exit');
	await using stack = new AsyncDisposableStack();
	stack.defer(async () => {
		child.kill('SIGKILL');
		await ended;
	});
	await untilLive(world.reference.egress);
	const liveMs = monotonicMs() - startedMs;
	const kept = stack.move();
	return { liveMs, save, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function untilLive(load: Load): Promise<void> {
	const target = { address: '127.0.0.1', port: ADMIN_PORT, host: 'localhost', path: '/ready' };
	const lastMs = monotonicMs() + PATIENCE_MS;
	while ((await load.get(target)).trim() !== 'LIVE') {
		if (monotonicMs() > lastMs) throw new Error('The Envoy with files is not LIVE');
		await sleep(POLL_MS);
	}
}

const POLL_MS = 10;

function bootstrapOf(folder: string): JsonObject {
	return {
		...bootstrapBase({ id: nodes.asker, cluster: nodes.asker }),
		admin: { address: { socketAddress: { address: '127.0.0.1', portValue: ADMIN_PORT } } },
		dynamicResources: {
			cdsConfig: fromFile(join(folder, 'cds.json')),
			ldsConfig: fromFile(join(folder, 'lds.json')),
		},
	};
}

const fromFile = (path: string): JsonObject => ({ pathConfigSource: { path }, resourceApiVersion: 'V3' });

/** In the order in which nothing refers to what is not there yet; Envoy is not waited for. */
function writeChanged(folder: string, { cds, lds, rds }: Snapshot, written: Map<string, string>): number {
	const listeners = Object.values(lds).map((listener) => withFiles(listener, folder));
	let savedMs = monotonicMs();
	const write = (name: string, kind: ResourceKind, resources: readonly Json[]) => {
		const text = JSON.stringify(resources);
		if (written.get(name) === text) return;
		written.set(name, text);
		const path = join(folder, name);
		const versionInfo = String(monotonicMs());
		writeFileSync(`${path}~`, JSON.stringify({ versionInfo, typeUrl: typeUrls[kind], resources }));
		savedMs = monotonicMs();
		renameSync(`${path}~`, path);
	};
	write('cds.json', 'cds', Object.values(cds));
	for (const [name, routes] of Object.entries(rds)) write(routesFile(name), 'rds', [routes]);
	write('lds.json', 'lds', listeners);
	return savedMs;
}

const routesFile = (name: string): string => join('routes', `${name.replaceAll('/', '_')}.json`);

/** Routes come from files too. */
function withFiles(value: Json, folder: string): Json {
	if (Array.isArray(value)) return value.map((each) => withFiles(each, folder));
	if (typeof value !== 'object') return value;
	const { routeConfigName } = value as JsonObject;
	if (typeof routeConfigName === 'string')
		return { routeConfigName, configSource: fromFile(join(folder, routesFile(routeConfigName))) };
	return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withFiles(each, folder)]));
}
