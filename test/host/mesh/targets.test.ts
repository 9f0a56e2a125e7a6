// What Envoy does about targets that fail, and about more requests than they bear.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { eventually } from '../../support/eventually.ts';
import { createFieldLab, readStatistic } from '../../support/mesh-lab.ts';
import { client, mesh, node, serviceOf } from '../../support/mesh-parts.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const SLOW_MS = 400;
const both = [addresses.remote.v4, addresses.otherRemote.v4] as const;
const seconds = (value: number) => ({ unit: 's', value }) as const;
const outlierDetection = {
	...{ interval: seconds(1), baseEjectionDuration: seconds(2), maxEjectionPercent: 50, maxServerErrors: 2 },
};
/** The least that App Mesh allows. */
const healthCheck = {
	...({ protocol: 'http', path: '/health', intervalMillis: 5_000, timeoutMillis: 2_000 } as const),
	...{ healthyThreshold: 2, unhealthyThreshold: 2 },
};
const byTcp = {
	...({ protocol: 'tcp', intervalMillis: 5_000, timeoutMillis: 2_000 } as const),
	...{ healthyThreshold: 2, unhealthyThreshold: 2 },
};
const own = { portMapping: { port: 8080, protocol: 'http' } } as const;

/** Which address of a name that has both families is asked. */
const families = {
	...{ IPv4_ONLY: 'v4', IPv4_PREFERRED: 'v4', IPv6_ONLY: 'v6', IPv6_PREFERRED: 'v6' },
} as const;
const preferences = Object.keys(families) as (keyof typeof families)[];
const serviceWith = (preference: string) => `${preference.replace('_', '-').toLowerCase()}.lab.local`;

const definitions = [
	mesh(),
	client(['ejected.lab.local', 'checked.lab.local', 'greeted.lab.local', ...preferences.map(serviceWith)], {
		listeners: [
			{ ...own, connectionPool: { http: { maxConnections: 1, maxPendingRequests: 1 } } },
			{ portMapping: { port: 8081, protocol: 'http' } },
		],
		serviceDiscovery: { dns: { hostname: addresses.host.v4 } },
	}),
	node('ejected', { port: 9000, hostname: 'pair.lab.local', isMany: true, outlierDetection }),
	node('checked', { port: 9001, hostname: 'pair.lab.local', isMany: true, healthCheck }),
	node('greeted', { port: 9003, hostname: 'pair.lab.local', isMany: true, healthCheck: byTcp }),
	serviceOf('greeted.lab.local', 'greeted'),
	...preferences.flatMap((ipPreference) => [
		node(ipPreference, { port: 9002, hostname: 'dual.lab.local', ipPreference }),
		serviceOf(serviceWith(ipPreference), ipPreference),
	]),
	serviceOf('ejected.lab.local', 'ejected'),
	serviceOf('checked.lab.local', 'checked'),
];

describe('the targets of a mesh', { concurrency: true }, async () => {
	const { world: dual } = addresses;
	// Envoy's resolver takes all addresses of a name only where it shares none with another.
	const names = { 'pair.lab.local': both, 'dual.lab.local': [dual.v4, dual.v6] };
	const lab = await createFieldLab(suiteStack(), { names });
	const { app, world } = lab;
	const [first, second] = both;
	await Promise.all([
		world.serve({ name: 'steady', address: first, port: 9000 }),
		world.serve({ name: 'shaky', address: second, port: 9000, statuses: [500, 500] }),
		world.serve({ name: 'well', address: first, port: 9001 }),
		world.serve({ name: 'sick', address: second, port: 9001, status: 503 }),
		world.serve({ name: 'v4', address: dual.v4, port: 9002 }),
		world.serve({ name: 'v6', address: dual.v6, port: 9002 }),
		world.serve({ name: 'heard', address: first, port: 9003 }),
		...[8080, 8081].map((port) => app.serve({ name: 'app', address: '127.0.0.1', port, delayMs: SLOW_MS })),
	]);
	await lab.start(definitions);
	const ask = (host: string, port: number) => app.get({ address: first, port, host });
	const read = (name: string) => readStatistic(app, `cluster.${name}`);

	test('outlierDetection leaves out a target after maxServerErrors, and takes it back after a while', async () => {
		const bodies: string[] = [];
		await eventually(
			async () => {
				const { status, body } = await ask('ejected.lab.local', 9000);
				bodies.push(`${status} ${body}`);
				return bodies.at(-1);
			},
			(answer) => answer === '200 shaky',
		);
		const failed = bodies.filter((answer) => answer === '500 shaky');
		assert.equal(failed.length, 2);
		const between = bodies.slice(bodies.lastIndexOf('500 shaky') + 1, -1);
		// By turns it would have been one.
		assert.ok(between.length > 9, bodies.join(', '));
		assert.equal(await read('cds_egress_lab_ejected_http_9000.outlier_detection.ejections_enforced_total'), 1);
	});

	test('a healthCheck leaves out a target that fails it, and takes it back once it passes', async () => {
		const healthy = (count: number) =>
			eventually(
				() => read('cds_egress_lab_checked_http_9001.membership_healthy'),
				(found) => found === count,
			);
		await healthy(1);
		const by = () => app.getMany({ address: first, port: 9001, host: 'checked.lab.local' }, { times: 20, workers: 2 });
		// As it is left out, nothing has to be tried again at the other.
		await eventually(
			async () => {
				const retries = () => read('cds_egress_lab_checked_http_9001.upstream_rq_retry');
				const [before, counts, after] = [await retries(), await by(), await retries()];
				return { counts, more: after - before };
			},
			({ counts, more }) => counts['well'] === 20 && more === 0,
		);
		await world.stop({ address: second, port: 9001 });
		await world.serve({ name: 'well again', address: second, port: 9001 });
		await healthy(2);
		await eventually(by, (counts) => Object.keys(counts).sort().join() === 'well,well again');
	});

	test('connectionPool: an application gets no more at a time; the rest is refused with 503 and counted', async () => {
		const many = (port: number) => {
			const one = () => world.get({ address: addresses.host.v4, port, host: 'client' });
			return Promise.all(Array.from({ length: 12 }, one));
		};
		const answers = await many(8080);
		const refused = answers.filter(({ status }) => status === 503);
		assert.ok(refused.length > 0 && refused.length < 12, `${refused.length}`);
		assert.ok(refused.every(({ headers }) => headers['x-envoy-overloaded'] === 'true'));
		assert.equal(await read('cds_ingress_lab_client_http_8080.upstream_rq_pending_overflow'), refused.length);
		assert.ok((await many(8081)).every(({ status }) => status === 200));
	});

	test('a healthCheck by tcp leaves out a target that refuses connections', async () => {
		await eventually(
			() => read('cds_egress_lab_greeted_http_9003.membership_healthy'),
			(found) => found === 1,
		);
		assert.equal((await ask('greeted.lab.local', 9003)).body, 'heard');
	});

	for (const [preference, family] of Object.entries(families))
		test(`ipPreference ${preference}: of a name with addresses of both families that of ${family} is asked`, async () =>
			assert.equal((await ask(serviceWith(preference), 9002)).body, family));
});
