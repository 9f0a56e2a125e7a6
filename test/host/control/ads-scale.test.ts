// Many Envoys at one `turnout control`: 300 of them, and 1,000 with TEST_FULL.
import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createAdsClients } from '../../lab/net/ads-clients.ts';
import { askSocket } from '../../lab/net/socket.ts';
import { turnout } from '../../lab/turnout.ts';
import { pemsOf } from '../../support/certificates.ts';
import { NOBODY } from '../../support/control-program.ts';
import { eventually } from '../../support/eventually.ts';
import { CONTROL, createFleetHost, spiffe } from '../../support/fleet-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const ENVOYS = process.env['TEST_FULL'] === undefined ? 300 : 1_000;
/** As many as App Mesh allowed in a mesh have a tenth, each called by half of the others. */
const [NODES, SERVICES, BACKENDS] = [20, 200, 50];

const meshName = 'big';
const serviceOf = (at: number) => `service-${at}.big.local`;
const http = { portMapping: { port: 80, protocol: 'http' } };

const routeOf = (at: number, weights: readonly [number, number]) => ({
	httpRoute: {
		match: { prefix: '/' },
		action: { weightedTargets: weights.map((weight, of) => ({ virtualNode: `target-${(at + of) % NODES}`, weight })) },
	},
});

function resources(): object[] {
	const services = Array.from({ length: SERVICES }, (_, at) => at);
	const nodes = Array.from({ length: NODES }, (_, at) => at);
	const backendsOf = (at: number) =>
		Array.from({ length: BACKENDS }, (_, of) => ({
			virtualService: { virtualServiceName: serviceOf((at * 7 + of) % SERVICES) },
		}));
	return [
		{ meshName, spec: {} },
		...nodes.flatMap((at) => [
			{
				meshName,
				virtualNodeName: `target-${at}`,
				spec: { listeners: [http], serviceDiscovery: { dns: { hostname: '127.0.0.1' } } },
			},
			{
				meshName,
				virtualNodeName: `node-${at}`,
				spec: { backends: [...backendsOf(at), { virtualService: { virtualServiceName: 'all.big.local' } }] },
			},
		]),
		...[...services.map(serviceOf), 'all.big.local'].flatMap((virtualServiceName, at) => [
			{ meshName, virtualServiceName, spec: { provider: { virtualRouter: { virtualRouterName: `router-${at}` } } } },
			{ meshName, virtualRouterName: `router-${at}`, spec: { listeners: [http] } },
			{ meshName, virtualRouterName: `router-${at}`, routeName: 'all', spec: routeOf(at, [100, 0]) },
		]),
	];
}

describe(`${ENVOYS} Envoys at one control plane`, async () => {
	const stack = suiteStack();
	const fleet = await createFleetHost(stack);
	const definitions = join(fleet.folder, 'control/mesh');
	mkdirSync(definitions);
	chownSync(definitions, NOBODY, NOBODY);
	for (const [at, resource] of resources().entries()) {
		const path = join(definitions, `${at}.json`);
		writeFileSync(path, JSON.stringify(resource));
		chownSync(path, NOBODY, NOBODY);
	}
	const control = stack.use(await fleet.start());
	const clients = stack.use(createAdsClients(fleet.namespace));
	const idOf = (at: number) => `mesh/${meshName}/virtualNode/node-${at}`;
	const routesOf = (at: number): string[] => {
		const { stdout } = turnout(fleet.namespace, [
			'mesh',
			'render',
			definitions,
			'--as',
			'resources',
			'--node',
			idOf(at),
		]);
		return Object.keys(JSON.parse(stdout).rds);
	};
	const ca = readFileSync(fleet.authority.path, 'utf8');
	const routes = routesOf(0);
	const groups = Array.from({ length: NODES }, (_, at) => {
		const { cert = '', key = '' } = pemsOf(fleet.authority.issue(`node-${at}`, [spiffe(idOf(at))]));
		return { node: idOf(at), count: ENVOYS / NODES, routes, cert, key, ca };
	});
	const memory = (what: 'VmRSS' | 'VmHWM') =>
		Number(
			new RegExp(`^${what}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${control.child.pid}/status`, 'utf8'))?.[1],
		) / 1024;

	const socket = join(definitions, '.turnout-control');
	const status = async (): Promise<{ nodes: { load?: { requests: number }[] }[] }> =>
		JSON.parse((await askSocket(socket, 'GET', '/control/v1/status')).text);

	/** proc_pid_stat(5): in hundredths of a second. */
	const processorMs = () => {
		const fields = readFileSync(`/proc/${control.child.pid}/stat`, 'utf8')
			.replace(/^.*\) /, '')
			.split(' ');
		return (Number(fields[11]) + Number(fields[12])) * 10;
	};

	test('a change that concerns all of them reaches each and is acknowledged, in less than 350 MB', async (context) => {
		const idle = memory('VmRSS');
		const connectMs = await clients.connect(`https://${CONTROL}:18000`, groups);
		assert.equal((await clients.counts()).connected, ENVOYS);
		const connected = memory('VmRSS');
		const spentMs = processorMs();
		const times: number[] = [];
		for (let round = 1; round <= 9; round += 1) {
			const all = await clients.expectRoutes();
			const startedMs = Date.now();
			const { message } = await control.ask('PUT', `/meshes/${meshName}/virtualRouter/router-${SERVICES}/routes/all`, {
				spec: routeOf(SERVICES, [100 - round, round]),
			});
			assert.equal(message, undefined);
			times.push((await all()) - startedMs);
		}
		const sorted = times.toSorted((a, b) => a - b);
		const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
		context.diagnostic(
			`connected in ${connectMs} ms; a change: ${times.join(', ')} ms, median ${median}, of the processor ${((processorMs() - spentMs) / times.length).toFixed(0)}; RSS ${idle.toFixed(0)}, ${connected.toFixed(0)}, ${memory('VmRSS').toFixed(0)} MB, at most ${memory('VmHWM').toFixed(0)} MB`,
		);
		assert.ok(memory('VmHWM') < 350, `${memory('VmHWM')} MB`);
	});

	test('all of them report their load', async (context) => {
		const clusters = Array.from({ length: NODES }, (_, at) => `cds_egress_${meshName}_target-${at}_http_80`);
		const spentMs = processorMs();
		for (let round = 0; round < 3; round += 1) await clients.report(clusters, 20, 5_000);
		const of = await eventually(status, ({ nodes }) =>
			nodes.every(({ load }) => load?.[0]?.requests === (ENVOYS / NODES) * 2),
		);
		assert.equal(of.nodes.length, NODES);
		context.diagnostic(
			`a report of all: of the processor ${((processorMs() - spentMs) / 3).toFixed(0)} ms; RSS ${memory('VmRSS').toFixed(0)} MB, at most ${memory('VmHWM').toFixed(0)} MB`,
		);
		assert.ok(memory('VmHWM') < 350, `${memory('VmHWM')} MB`);
	});

	test('the API is answered while a change goes to all', async (context) => {
		const all = await clients.expectRoutes();
		await control.ask('PUT', `/meshes/${meshName}/virtualRouter/router-${SERVICES}/routes/all`, {
			spec: routeOf(SERVICES, [50, 50]),
		});
		let [longestMs, answered] = [0, 0];
		let isOver = false;
		const over = all().finally(() => {
			isOver = true;
		});
		while (!isOver) {
			const startedMs = performance.now();
			await control.ask('GET', '/meshes');
			longestMs = Math.max(longestMs, performance.now() - startedMs);
			answered += 1;
		}
		await over;
		context.diagnostic(`${answered} answers meanwhile, the longest after ${longestMs.toFixed(0)} ms`);
		assert.ok(answered > 0);
	});
});
