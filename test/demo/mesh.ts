// The mesh of App Mesh's guide on little hosts: who answers service A when it calls service B, and what each change costs.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpCounts, HttpTarget } from '../lab/net/http-peer.ts';
import { createHttpPeer } from '../lab/net/http-peer.ts';
import { createMeshHosts, type MeshHosts } from '../lab/net/mesh-hosts.ts';
import { findEnvoy } from '../lab/services/envoy.ts';
import { eventually } from '../support/eventually.ts';
import { type MeshService, startMeshService } from '../support/mesh-service.ts';
import { type MeshState, meshNames, saveMesh, serviceB } from './mesh-definitions.ts';
import { type MeshRow, renderMeshTable } from './mesh-table.ts';
import type { Screen } from './screen.ts';
import { type Claim, claim, renderClaims } from './verdict.ts';

interface MeshDemo {
	readonly screen: Screen;
	readonly definitions: string;
	readonly services: readonly MeshService[];
	readonly client: MeshService;
	readonly rows: MeshRow[];
}

const WORKERS = 6;
/** Long enough for the shares to show. */
const ROUND_MS = 1_500;

/** True when everything was as it should be. `folder`: there before the hosts, and gone after them. */
export async function runMeshDemo(screen: Screen, folder: string): Promise<boolean> {
	const startMs = performance.now();
	// What a daemon puts back until it is killed goes with the folder, after the hosts.
	process.env['TMPDIR'] = folder;
	screen.print(PICTURE);
	await using stack = new AsyncDisposableStack();
	const hosts = stack.use(createMeshHosts(meshNames));
	const outside = stack.use(createHttpPeer(hosts.outside.namespace));
	await outside.serve({ name: 'outside', address: hosts.outside.address, port: 8080 });
	const definitions = join(folder, 'mesh');
	const state: MeshState = { weights: [90, 10] };
	saveMesh(definitions, state);
	const services = await startServices(hosts, definitions, stack);
	screen.step(`${services.length} hosts, each with turnout, Envoy and a service`, startMs);
	const [client] = services;
	if (client === undefined) throw new Error('unreachable: there are four');
	const demo: MeshDemo = { screen, definitions, services, client, rows: [] };
	const claims = await showChanges(demo, state, hosts.outside.address);
	screen.finish(renderMeshTable(demo.rows, screen.colours));
	screen.print(renderClaims(claims, screen.colours));
	await stack.disposeAsync();
	screen.print(`\nThe little mesh is gone again, after ${((performance.now() - startMs) / 1_000).toFixed(1)} s.\n`);
	return claims.every(({ isTrue }) => isTrue);
}

const PICTURE = `
  service-a ── Envoy ══╤══ Envoy ── service-b           version 1
                       ├══ Envoy ── service-b-v2        version 2
                       └══ Envoy ── service-b-v2-too    version 2

`;

async function startServices(
	{ hosts }: MeshHosts,
	definitions: string,
	stack: AsyncDisposableStack,
): Promise<readonly MeshService[]> {
	const envoy = await findEnvoy();
	const nodes = ['serviceA', 'serviceB', 'serviceBv2', 'serviceBv2'];
	const started = hosts.map((host, at) =>
		startMeshService(host, {
			node: `mesh/simpleapp/virtualNode/${nodes[at]}`,
			definitions,
			envoy,
			answer: host.name,
			args: ['--envoy-drain-seconds', '5'],
		}),
	);
	const services = await Promise.all(started);
	// At once: each waits for its connections to drain.
	stack.defer(async () => void (await Promise.all(services.map((service) => service[Symbol.asyncDispose]()))));
	return services;
}

async function showChanges(demo: MeshDemo, first: MeshState, outside: string): Promise<Claim[]> {
	const target: HttpTarget = { address: serviceB, port: 80, host: serviceB };
	const load = await demo.client.app.startLoad(target, WORKERS);
	await round(demo, 'weights 90 and 10', undefined, load);
	const even: MeshState = { weights: [50, 50] };
	await round(demo, 'weights 50 and 50, saved', even, load);
	const prefixed: MeshState = { ...even, prefix: '/metrics' };
	await round(demo, 'a route for /metrics, saved', prefixed, load);
	const metrics = await demo.client.app.get({ ...target, path: '/metrics/today' });
	await killOne(demo, load);
	const total = await load.stop();
	const filter = await showFilter(demo, prefixed, outside);
	return claimsOf(demo, { total, metrics: metrics.body, filter, first });
}

type Load = Awaited<ReturnType<MeshService['app']['startLoad']>>;

/** A change, or none, and who answers after it. */
async function round(demo: MeshDemo, what: string, state: MeshState | undefined, load: Load): Promise<void> {
	const ms = state === undefined ? undefined : await save(demo, state);
	const before = await load.counts();
	await sleep(ROUND_MS);
	const after = await load.counts();
	addRow(demo, { what, counts: difference(before, after), ms });
}

function addRow(demo: MeshDemo, row: MeshRow): void {
	demo.rows.push(row);
	demo.screen.draw(renderMeshTable(demo.rows, demo.screen.colours));
}

const difference = (before: HttpCounts, after: HttpCounts): HttpCounts =>
	Object.fromEntries(Object.entries(after).map(([by, count]) => [by, count - (before[by] ?? 0)]));

/** In milliseconds, until service A's Envoy has acknowledged all of it. */
async function save({ client, definitions }: MeshDemo, state: MeshState): Promise<number> {
	const accepted = () => client.daemon.log().split('"event":"mesh accepted"').length;
	const before = accepted();
	const savedMs = Date.now();
	saveMesh(definitions, state);
	await eventually(accepted, (count) => count > before);
	const [, time = ''] = /.*"time":"([^"]*)"[^\n]*"event":"mesh accepted"/s.exec(client.daemon.log()) ?? [];
	return Date.parse(time) - savedMs;
}

/** Everything on one host of version 2 at once: its application, turnout, and Envoy. */
async function killOne(demo: MeshDemo, load: Load): Promise<void> {
	const { screen, services } = demo;
	const [, , , victim] = services;
	if (victim === undefined) throw new Error('unreachable: there are four');
	const before = await load.counts();
	const startMs = performance.now();
	const { envoy } = await victim.daemon.readStatus();
	victim.daemon.process.kill('SIGKILL');
	process.kill(Number(/\d+/.exec(envoy.id ?? '')?.[0]), 'SIGKILL');
	victim.app[Symbol.dispose]();
	screen.tell('service-b-v2-too was killed; until health checks take it out …');
	await eventually(
		() => isTakenOut(demo),
		(isOut) => isOut,
		PATIENCE_MS,
	);
	const ms = performance.now() - startMs;
	addRow(demo, { what: 'a host of version 2 is killed', counts: difference(before, await load.counts()), ms });
}

const PATIENCE_MS = 30_000;

/** As service A's Envoy has it. */
function isTakenOut({ client }: MeshDemo): boolean {
	const { stdout } = client.host.namespace.tryRun('curl', ['-s', 'http://127.0.0.1:9901/clusters']);
	return /serviceBv2_http_80::[^\n]*::health_flags::\/failed_active_hc/.test(stdout);
}

interface Filtered {
	readonly dropped: string;
	readonly allowed: string;
	readonly ms: number;
}

async function showFilter(demo: MeshDemo, state: MeshState, address: string): Promise<Filtered> {
	const get = () => demo.client.app.get({ address, port: 8080, host: 'outside.example' });
	const [dropped] = [(await get()).body];
	addRow(demo, { what: 'elsewhere, with DROP_ALL', counts: { [dropped]: 1 }, ms: undefined, isElsewhere: true });
	const ms = await save(demo, { ...state, egressFilter: 'ALLOW_ALL' });
	const allowed = (await eventually(get, ({ body }) => body === 'outside')).body;
	addRow(demo, { what: 'elsewhere, with ALLOW_ALL, saved', counts: { [allowed]: 1 }, ms, isElsewhere: true });
	return { dropped, allowed, ms };
}

interface Shown {
	readonly total: HttpCounts;
	readonly metrics: string;
	readonly filter: Filtered;
	readonly first: MeshState;
}

const KNOWN = ['service-b', 'service-b-v2', 'service-b-v2-too'];

function claimsOf({ rows }: MeshDemo, { total, metrics, filter, first }: Shown): Claim[] {
	const asked = Object.values(total).reduce((sum, count) => sum + count, 0);
	const failed = Object.entries(total).filter(([by]) => !KNOWN.includes(by));
	const [initial, even] = rows.map(({ counts }) => shareOfFirst(counts));
	const isNear = (share: number | undefined, percent: number) => Math.abs((share ?? 0) * 100 - percent) < 6;
	return [
		claim(
			failed.length === 0,
			`${asked} requests while all of this happened, 0 failed.`,
			`Of ${asked} requests these failed: ${failed.map(([by, count]) => `${count} × ${by}`).join(', ')}.`,
		),
		claim(
			isNear(initial, first.weights[0]) && isNear(even, 50),
			'Both versions got their shares, before and after.',
			`Version 1 got ${initial} and ${even} of all.`,
		),
		claim(
			metrics.startsWith('service-b-v2'),
			'The new route led to version 2 alone.',
			`/metrics was answered by ${metrics}.`,
		),
		claim(
			filter.dropped !== 'outside' && filter.allowed === 'outside',
			'The egress filter held what is not of the mesh, and let it pass once it was to.',
			`The egress filter: ${filter.dropped}, then ${filter.allowed}.`,
		),
	];
}

function shareOfFirst(counts: HttpCounts): number {
	const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
	return (counts['service-b'] ?? 0) / all;
}
