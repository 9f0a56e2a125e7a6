// What becomes of a request that a route has taken: who answers it, how often it is tried.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Spec } from '../../../src/mesh/schema/kinds.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createFieldLab, readStatistic } from '../../support/mesh-lab.ts';
import { client, mesh, node, only, service, serviceOf, to } from '../../support/mesh-parts.ts';
import { suiteStack } from '../../support/suite-stack.ts';

type HttpRoute = NonNullable<Spec<'route'>['httpRoute']>;
type Settings = Omit<HttpRoute, 'action' | 'match'>;

/** Beyond five standard deviations comes one run of two million. */
const SIGMAS = 5;
const SLOW_MS = 600;

const seconds = (value: number) => ({ unit: 's', value }) as const;
const milliseconds = (value: number) => ({ unit: 'ms', value }) as const;

const retries = (maxRetries: number, ...httpRetryEvents: readonly string[]): Settings => ({
	retryPolicy: { maxRetries, perRetryTimeout: seconds(5), httpRetryEvents },
});

const servers = [
	...[{ name: 'a' }, { name: 'b' }, { name: 'c' }],
	...[
		{ name: 'busy', status: 503 },
		{ name: 'broken', status: 500 },
		{ name: 'conflict', status: 409 },
	],
	...[
		{ name: 'reset', status: 0 },
		{ name: 'slow', delayMs: SLOW_MS },
		{ name: 'recovers', statuses: [503, 503] },
	],
].map((server, at) => ({ ...server, address: addresses.remote.v4, port: 9000 + at }));
const portOf = (server: string): number => servers.find(({ name }) => name === server)?.port ?? 0;
const nobody = { name: 'nobody', port: 9100 };

interface Tried {
	readonly server: string;
	readonly settings?: Settings;
	readonly times: number;
	readonly status: number;
}

const tries: Readonly<Record<string, Tried>> = {
	"three times where it answers 503, by App Mesh's default policy": { server: 'busy', times: 3, status: 503 },
	'until it answers something else, by the default policy': { server: 'recovers', times: 3, status: 200 },
	'three times where it ends the connection, by the default policy': { server: 'reset', times: 3, status: 503 },
	'once where it answers 500, by the default policy': { server: 'broken', times: 1, status: 500 },
	'maxRetries times more, for server-error': {
		...{ server: 'broken', settings: retries(4, 'server-error'), times: 5, status: 500 },
	},
	'once with maxRetries 0': { server: 'broken', settings: retries(0, 'server-error'), times: 1, status: 500 },
	'again after 503, for gateway-error': {
		...{ server: 'busy', settings: retries(1, 'gateway-error'), times: 2, status: 503 },
	},
	'once after 500, for gateway-error': {
		...{ server: 'broken', settings: retries(3, 'gateway-error'), times: 1, status: 500 },
	},
	'again after 409, for client-error': {
		...{ server: 'conflict', settings: retries(1, 'client-error'), times: 2, status: 409 },
	},
	'again where it ends the connection, for stream-error': {
		...{ server: 'reset', settings: retries(3, 'stream-error'), times: 4, status: 503 },
	},
	'once after 503, for stream-error': {
		...{ server: 'busy', settings: retries(3, 'stream-error'), times: 1, status: 503 },
	},
	'again after each perRetryTimeout, for stream-error': {
		...{ server: 'slow', times: 3, status: 504 },
		settings: {
			retryPolicy: { maxRetries: 2, perRetryTimeout: milliseconds(100), httpRetryEvents: ['stream-error'] },
		},
	},
};

const weighted: Readonly<
	Record<string, { readonly weights: Readonly<Record<string, number>>; readonly times: number }>
> = {
	'70, 25 and 5': { weights: { a: 70, b: 25, c: 5 }, times: 2_000 },
	'1 and 2': { weights: { a: 1, b: 2 }, times: 500 },
	'100 and 0': { weights: { a: 100, b: 0 }, times: 200 },
};

const routes = (weights: Readonly<Record<string, number>>, settings: Settings = {}) => ({
	routes: { only: { httpRoute: { match: { prefix: '/' }, action: to(weights), ...settings } } },
});
const tried = Object.entries(tries).map(([title, row], at) => ({ title, row, host: `try${at}.lab.local` }));
const shares = Object.entries(weighted).map(([title, row], at) => ({
	...row,
	title,
	host: `share${at}.lab.local`,
}));
const others = ['refused.lab.local', 'direct.lab.local', 'direct-busy.lab.local', 'none.lab.local'];

const definitions = [
	mesh(),
	client([...tried, ...shares].map(({ host }) => host).concat(others), {
		listeners: [{ portMapping: { port: 8080, protocol: 'http' } }],
		serviceDiscovery: { dns: { hostname: addresses.host.v4 } },
	}),
	...[...servers, nobody].map(({ name, port }) => node(name, { port })),
	node('whole', { port: 80, hostname: addresses.otherRemote.v4 }),
	...tried.flatMap(({ host, row }) => service(host, routes({ [row.server]: 1 }, row.settings))),
	...shares.flatMap(({ host, weights }) => service(host, routes(weights))),
	...service('refused.lab.local', {
		routes: {
			only: {
				httpRoute: {
					...{ match: { prefix: '/' }, action: only('nobody') },
					retryPolicy: { maxRetries: 3, perRetryTimeout: seconds(5), tcpRetryEvents: ['connection-error'] },
				},
			},
		},
	}),
	serviceOf('direct.lab.local', 'whole'),
	serviceOf('direct-busy.lab.local', 'busy'),
	serviceOf('stranger.lab.local', 'whole'),
	serviceOf('none.lab.local'),
];

describe('requests to the services of a mesh', async () => {
	const lab = await createFieldLab(suiteStack());
	const { app, world } = lab;
	await Promise.all([
		...servers.map((server) => world.serve(server)),
		app.serve({ name: 'app', address: '127.0.0.1', port: 8080 }),
		world.serve({ name: 'whole', address: addresses.otherRemote.v4, port: 80 }),
	]);
	await lab.start(definitions);
	const at = (host: string) => ({ address: addresses.remote.v4, port: 80, host });

	for (const { title, weights, times, host } of shares)
		test(`the weights ${title} are the shares of ${times} requests`, async () => {
			const counts = await app.getMany(at(host), { times, workers: 8 });
			const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
			for (const [name, weight] of Object.entries(weights)) {
				const share = weight / total;
				const allowed = SIGMAS * Math.sqrt(times * share * (1 - share));
				const answered = counts[name] ?? 0;
				assert.ok(Math.abs(answered - times * share) <= allowed, `${name} of ${weight}: ${JSON.stringify(counts)}`);
			}
		});

	for (const { title, row, host } of tried)
		test(`a service is asked ${title}`, async () => {
			const before = await world.seen(row.server);
			const { status } = await app.get(at(host));
			const times = (await world.seen(row.server)) - before;
			assert.deepEqual({ status, times }, { status: row.status, times: row.times });
		});

	test('a service that refuses connections is tried again, for connection-error', async () => {
		assert.equal((await app.get(at('refused.lab.local'))).status, 503);
		assert.equal(await readStatistic(app, 'cluster.cds_egress_lab_nobody_http_9100.upstream_cx_connect_fail'), 4);
	});

	test('a virtual node provides a service by itself, and is tried again by the default policy', async () => {
		assert.equal((await app.get(at('direct.lab.local'))).body, 'whole');
		const before = await world.seen('busy');
		assert.equal((await app.get({ ...at('direct-busy.lab.local'), port: portOf('busy') })).status, 503);
		assert.equal((await world.seen('busy')) - before, 3);
	});

	test('a service without a provider is answered with 404, as are one that is no backend and a name of none', async () => {
		for (const name of ['none', 'stranger', 'unknown'])
			assert.equal((await app.get(at(`${name}.lab.local`))).status, 404, name);
	});

	test('an application is called through its Envoy by IPv4 and IPv6, and nobody talks to Envoy itself', async () => {
		const ask = (address: string, port: number) => world.get({ address, port, host: 'client' });
		for (const address of [addresses.host.v4, addresses.host.v6]) {
			assert.equal((await ask(address, 8080)).body, 'app');
			assert.equal((await ask(address, 15_000)).status, 0);
		}
		assert.equal(await readStatistic(app, 'http.ingress.downstream_rq_2xx'), 2);
	});

	test('the name may have the port, and any case', async () =>
		assert.equal((await app.get(at('Direct.lab.local:80'))).body, 'whole'));
});
