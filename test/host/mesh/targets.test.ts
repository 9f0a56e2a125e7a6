// What Envoy does about targets that fail, and about more requests than they bear.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createDnsPeer } from '../../lab/net/dns-peer.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createWirePeer } from '../../lab/net/wire-peer.ts';
import { eventually } from '../../support/eventually.ts';
import { createFieldLab, readStatistic } from '../../support/mesh-lab.ts';
import { client, mesh, node, serviceOf } from '../../support/mesh-parts.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const SLOW_MS = 400;
const CLIENTS = 12;
const [first, second] = [addresses.remote.v4, addresses.otherRemote.v4];
const seconds = (value: number) => ({ unit: 's', value }) as const;
const outlierDetection = {
	...{ interval: seconds(1), baseEjectionDuration: seconds(5), maxEjectionPercent: 50, maxServerErrors: 2 },
};
/** The least that App Mesh allows. */
const check = { intervalMillis: 5_000, timeoutMillis: 2_000, healthyThreshold: 2, unhealthyThreshold: 2 } as const;

/** What is asked for a target's health, and the protocol of the target. */
const checks = {
	http: { protocol: 'http', port: 9001, healthCheck: { ...check, protocol: 'http', path: '/health' } },
	http2: { protocol: 'http2', port: 9003, healthCheck: { ...check, protocol: 'http2', path: '/health' } },
	grpc: { protocol: 'grpc', port: 9004, healthCheck: { ...check, protocol: 'grpc' } },
	tcp: { protocol: 'http', port: 9005, healthCheck: { ...check, protocol: 'tcp' } },
	/** On another port than requests. */
	beside: { protocol: 'http', port: 9006, healthCheck: { ...check, protocol: 'http', port: 9007 } },
} as const;
type Checked = keyof typeof checks;

const named = (name: string) => `${name}.lab.local`;

const pair = { hostname: 'pair.lab.local', isMany: true } as const;
const nodes = {
	ejected: node('ejected', { ...pair, port: 9000, outlierDetection }),
	...Object.fromEntries(Object.entries(checks).map(([name, more]) => [name, node(name, { ...pair, ...more })])),
};

const own = {
	http: {
		portMapping: { port: 8080, protocol: 'http' },
		connectionPool: { http: { maxConnections: 1, maxPendingRequests: 1 } },
	},
	http2: { portMapping: { port: 8081, protocol: 'http2' }, connectionPool: { http2: { maxRequests: 1 } } },
	grpc: { portMapping: { port: 8082, protocol: 'grpc' }, connectionPool: { grpc: { maxRequests: 1 } } },
	unlimited: { portMapping: { port: 8083, protocol: 'http' }, healthCheck: checks.http.healthCheck },
} as const;

const definitions = [
	mesh(),
	client(Object.keys(nodes).map(named), {
		listeners: Object.values(own),
		// So that its application is asked at ::1.
		serviceDiscovery: { dns: { hostname: addresses.host.v4, ipPreference: 'IPv6_PREFERRED' } },
	}),
	...Object.values(nodes),
	...Object.keys(nodes).map((name) => serviceOf(named(name), name)),
];

describe('the targets of a mesh', { concurrency: true }, async () => {
	const stack = suiteStack();
	const lab = await createFieldLab(stack);
	const { app, world } = lab;
	const dns = stack.use(createDnsPeer(lab.outside));
	const far = stack.use(createWirePeer(lab.outside));
	const near = stack.use(createWirePeer(lab.host, { uid: 1000 }));
	await dns.listen(addresses.world.v4);
	await Promise.all([
		dns.know('pair.lab.local', { addresses: [first, second], ttlSeconds: 60 }),
		world.serve({ name: 'steady', address: first, port: 9000 }),
		world.serve({ name: 'shaky', address: second, port: 9000, statuses: [500, 500] }),
		world.serve({ name: 'well', address: first, port: checks.http.port }),
		world.serve({ name: 'sick', address: second, port: checks.http.port, status: 503 }),
		world.serve({ name: 'heard', address: first, port: checks.tcp.port }),
		...[first, second].map((address) => world.serve({ name: address, address, port: checks.beside.port })),
		world.serve({ name: 'beside', address: second, port: checks.beside.healthCheck.port }),
		...[own.http, own.unlimited].map(({ portMapping: { port } }) =>
			app.serve({ name: 'app', address: '::1', port, delayMs: SLOW_MS }),
		),
	]);
	await Promise.all([
		far.setHealth('sick', false),
		...[checks.http2, checks.grpc].flatMap(({ port }) => [
			far.serveHttp2({ name: 'well', address: first, port }),
			far.serveHttp2({ name: 'sick', address: second, port }),
		]),
		...[own.http2, own.grpc].map(({ portMapping: { port } }) =>
			near.serveHttp2({ name: 'app', address: '::1', port, delayMs: SLOW_MS }),
		),
	]);
	await lab.start(definitions);

	const targetOf = (name: string, port: number) => ({ address: first, port, host: named(name) });
	const ask = async (name: string, port: number) => (await app.get(targetOf(name, port))).body;
	const read = (name: string) => readStatistic(app, `cluster.${name}`);
	const clusterOf = (name: Checked) => `cds_egress_lab_${name}_${checks[name].protocol}_${checks[name].port}`;
	const hasHealthy = (name: Checked, count: number) =>
		eventually(
			() => read(`${clusterOf(name)}.membership_healthy`),
			(found) => found === count,
		);

	test('outlierDetection leaves out a target after maxServerErrors, and takes it back after a while', async () => {
		const counted = (name: string) => read(`cds_egress_lab_ejected_http_9000.outlier_detection.${name}`);
		const isOut = () => counted('ejections_active');
		const answers: string[] = [];
		await eventually(
			async () => {
				const { status, body } = await app.get(targetOf('ejected', 9000));
				answers.push(`${status} ${body}`);
				return isOut();
			},
			(out) => out === 1,
		);
		assert.equal(answers.filter((answer) => answer === '500 shaky').length, 2, answers.join(', '));
		const several = () => app.getMany(targetOf('ejected', 9000), { times: 8, workers: 1 });
		await eventually(
			async () => ({ counts: await several(), out: await isOut() }),
			({ counts, out }) => out === 1 && counts['steady'] === 8,
		);
		await eventually(several, (counts) => counts['shaky'] === 4);
		assert.equal(await counted('ejections_enforced_total'), 1);
	});

	test('a healthCheck leaves out a target that fails it, and takes it back once it passes', async () => {
		const { port } = checks.http;
		await hasHealthy('http', 1);
		const by = () => app.getMany(targetOf('http', port), { times: 20, workers: 2 });
		// As it is left out, nothing has to be tried again at the other.
		await eventually(
			async () => {
				const retries = () => read(`${clusterOf('http')}.upstream_rq_retry`);
				const [before, counts, after] = [await retries(), await by(), await retries()];
				return { counts, more: after - before };
			},
			({ counts, more }) => counts['well'] === 20 && more === 0,
		);
		await world.stop({ address: second, port });
		await world.serve({ name: 'well again', address: second, port });
		await hasHealthy('http', 2);
		await eventually(by, (counts) => Object.keys(counts).sort().join() === 'well,well again');
	});

	test('a healthCheck by http2 or grpc leaves out a target that says so of itself, and takes it back', async () => {
		const call = (name: 'grpc' | 'http2') =>
			near.call({
				...{ ...targetOf(name, checks[name].port), path: '/a.B/C' },
				...(name === 'grpc' ? { messages: ['hi'] } : {}),
			});
		await Promise.all([hasHealthy('http2', 1), hasHealthy('grpc', 1)]);
		for (let time = 0; time < 4; time += 1) {
			assert.equal((await call('http2')).body, 'well by HTTP/2');
			assert.deepEqual((await call('grpc')).messages, ['well: hi']);
		}
		await far.setHealth('sick', true);
		await Promise.all([hasHealthy('http2', 2), hasHealthy('grpc', 2)]);
	});

	test('a healthCheck by tcp leaves out a target that refuses connections, and takes it back', async () => {
		await hasHealthy('tcp', 1);
		assert.equal(await ask('tcp', checks.tcp.port), 'heard');
		await world.serve({ name: 'heard', address: second, port: checks.tcp.port });
		await hasHealthy('tcp', 2);
	});

	test('a healthCheck with a port of its own asks there, and not where requests go', async () => {
		await hasHealthy('beside', 1);
		assert.equal(await ask('beside', checks.beside.port), second);
	});

	test("the healthCheck of a node's own listener is for its clients: its Envoy asks nothing", async () =>
		assert.ok(Number.isNaN(await read('cds_ingress_lab_client_http_8083.health_check.attempt'))));

	const come = <T>(one: () => Promise<T>): Promise<readonly T[]> => Promise.all(Array.from({ length: CLIENTS }, one));
	const toOwn = (kind: keyof typeof own) => ({
		...{ address: addresses.host.v4, port: own[kind].portMapping.port, host: 'client' },
	});
	const isSome = (refused: number) => assert.ok(refused > 0 && refused < CLIENTS, `${refused}`);

	test('connectionPool.http: an application gets no more at a time; the rest is refused with 503 and counted', async () => {
		const answers = await come(() => world.get(toOwn('http')));
		const refused = answers.filter(({ status }) => status === 503);
		isSome(refused.length);
		assert.ok(refused.every(({ headers }) => headers['x-envoy-overloaded'] === 'true'));
		assert.equal(await read('cds_ingress_lab_client_http_8080.upstream_rq_pending_overflow'), refused.length);
		assert.ok((await come(() => world.get(toOwn('unlimited')))).every(({ status }) => status === 200));
	});

	test('connectionPool.http2 and grpc: no more than maxRequests at a time', async () => {
		const answers = await come(() => far.call({ ...toOwn('http2'), path: '/' }));
		isSome(answers.filter(({ status }) => status === 503).length);
		const calls = await come(() => far.call({ ...toOwn('grpc'), path: '/a.B/C', messages: ['hi'] }));
		// UNAVAILABLE
		isSome(calls.filter(({ grpcStatus }) => grpcStatus === '14').length);
		assert.ok(calls.some(({ messages }) => messages.join() === 'app: hi'));
	});
});
