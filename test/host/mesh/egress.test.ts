// Connections that no request is read from: raw TCP services, and what is not of the mesh, by its egress filter.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { createPeer, type Peer } from '../../lab/net/peer.ts';
import { createAuthority, pemsOf } from '../../support/certificates.ts';
import { createFieldLab, readStatistic, settled } from '../../support/mesh-lab.ts';
import { client, mesh, node, only, service, serviceOf, to } from '../../support/mesh-parts.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const CONNECTIONS = 400;
const SIGMAS = 5;
/** Envoy's listener filters would wait 15 s for what a client of MySQL never says first. */
const GREETING_MS = 50;
const ENVOY_USER = 1337;

const { remote, otherRemote, world } = addresses;
const shared = { heavy: 75, light: 25 };
const tcp = (name: string, port: number, hostname: string = remote.v4) =>
	node(name, { port, protocol: 'tcp', hostname });
const tcpService = (name: string, port: number, weights: Readonly<Record<string, number>>) =>
	service(name, { port, protocol: 'tcp', routes: { only: { tcpRoute: { action: to(weights) } } } });

/** The listeners of one router. */
const several = { http: 8100, tcp: 8101, web: 8102 } as const;
/** A node with several listeners is a target by the port of one. */
const toPort = (port: number) => ({ weightedTargets: [{ virtualNode: 'both', port, weight: 1 }] });

const definitions = (filter: 'ALLOW_ALL' | 'DROP_ALL') => [
	mesh(filter),
	client([
		'web.lab.local',
		'mysql.lab.local',
		'shared.lab.local',
		'first.lab.local',
		'second.lab.local',
		'none.lab.local',
		'several.lab.local',
	]),
	node('web', { port: 9000 }),
	serviceOf('web.lab.local', 'web'),
	...[tcp('mysql', 3306), tcp('heavy', 9001), tcp('light', 9002)],
	serviceOf('mysql.lab.local', 'mysql'),
	...tcpService('shared.lab.local', 7000, shared),
	...[tcp('first', 9003), tcp('second', 9004, otherRemote.v4)],
	...tcpService('first.lab.local', 5432, { first: 1 }),
	...tcpService('second.lab.local', 5432, { second: 1 }),
	serviceOf('none.lab.local'),
	...service('several.lab.local', {
		...{
			port: several.http,
			more: [{ port: several.tcp, protocol: 'tcp' } as const, { port: several.web, protocol: 'http' } as const],
		},
		routes: {
			http: { httpRoute: { match: { port: several.http, prefix: '/' }, action: toPort(9000) } },
			tcp: { tcpRoute: { match: { port: several.tcp }, action: toPort(9001) } },
			web: { httpRoute: { match: { port: several.web, prefix: '/web' }, action: only('web') } },
		},
	}),
	{
		...{ meshName: 'lab', virtualNodeName: 'both' },
		spec: {
			listeners: [{ portMapping: { port: 9000, protocol: 'http' } }, { portMapping: { port: 9001, protocol: 'tcp' } }],
			serviceDiscovery: { dns: { hostname: otherRemote.v4 } },
		},
	},
];

const TIMES = 15;

/** A machine that is busy with something else delays some of them, and not the soonest. */
async function soonestMs(peer: Peer, port: number): Promise<number> {
	const taken: number[] = [];
	for (let time = 0; time < TIMES; time += 1) {
		const { kind, ms } = await peer.connect(remote.v4, port);
		assert.equal(kind, 'answered');
		taken.push(ms);
	}
	return Math.min(...taken);
}

describe('connections out of a mesh', async () => {
	const stack = suiteStack();
	const lab = await createFieldLab(stack);
	const { app } = lab;
	const far = stack.use(createPeer(lab.outside));
	const near = stack.use(createPeer(lab.host, { uid: 1000 }));
	const direct = stack.use(createPeer(lab.host, { uid: ENVOY_USER }));
	const tls = pemsOf(createAuthority(lab.folder, 'amazon').issue('sqs', ['sqs.us-east-1.amazonaws.com']));
	await Promise.all([
		lab.world.serve({ name: 'web', address: remote.v4, port: 9000 }),
		...[remote.v4, remote.v6].map((address) => lab.world.serve({ name: 'elsewhere', address, port: 9009 })),
		lab.world.serve({ name: 'both by http', address: otherRemote.v4, port: 9000 }),
		far.listen('both by tcp', [9001], { address: otherRemote.v4 }),
		lab.world.serve({ name: 'by its address', address: remote.v4, port: 80 }),
		lab.world.serve({ name: 'sqs', address: remote.v4, port: 443, tls }),
		far.listen('mysql', [3306, 3307], {}),
		...['heavy', 'light', 'first'].map((name, at) => far.listen(name, [9001 + at], { address: remote.v4 })),
		far.listen('second', [9004], { address: otherRemote.v4 }),
	]);
	const daemon = await lab.start(definitions('DROP_ALL'));
	const byOf = async (address: string, port: number) => {
		const answer = await near.connect(address, port);
		return answer.kind === 'answered' ? answer.by : answer.kind;
	};
	const http = (
		port: number,
		host = 'elsewhere.example',
		more: { readonly address?: string; readonly path?: string } = {},
	) => app.get({ address: remote.v4, port, host, ...more });
	const secured = (servername: string) =>
		app.get({ address: remote.v4, port: 443, host: servername, tls: { servername } });

	const greetsInTime = async (port: number) => {
		const [through, without] = [await soonestMs(near, port), await soonestMs(direct, port)];
		assert.ok(through < without + GREETING_MS, `${through} ms, ${without} ms without Envoy`);
	};

	test(`a server that speaks first, as MySQL does, is heard within ${GREETING_MS} ms more than without a mesh`, async () => {
		assert.equal(await byOf(remote.v4, 3306), 'mysql');
		await greetsInTime(3306);
	});

	test(`the weights of a tcpRoute are the shares of ${CONNECTIONS} connections`, async () => {
		const counts: Record<string, number> = {};
		const one = async () => {
			for (let time = 0; time < CONNECTIONS / 8; time += 1) {
				const by = await byOf(remote.v4, 7000);
				counts[by] = (counts[by] ?? 0) + 1;
			}
		};
		await Promise.all(Array.from({ length: 8 }, one));
		const allowed = SIGMAS * Math.sqrt((CONNECTIONS * shared.heavy * shared.light) / 100 ** 2);
		assert.ok(Math.abs((counts['heavy'] ?? 0) - (CONNECTIONS * shared.heavy) / 100) <= allowed, JSON.stringify(counts));
		assert.deepEqual(Object.keys(counts).sort(), ['heavy', 'light']);
	});

	test('two TCP services on one port are told apart by their addresses', async () => {
		assert.equal(await byOf(remote.v4, 5432), 'first');
		assert.equal(await byOf(otherRemote.v4, 5432), 'second');
	});

	test('a router with several listeners has a service on each, with the routes and targets that are for its port', async () => {
		const host = 'several.lab.local';
		assert.equal((await http(several.http, host)).body, 'both by http');
		assert.equal(await byOf(remote.v4, several.tcp), 'both by tcp');
		assert.equal((await http(several.web, host, { path: '/web' })).body, 'web');
		assert.equal((await http(several.web, host)).status, 404);
	});

	test('a service is told by its name, whatever address the name resolves to, of IPv6 too', async () => {
		for (const address of ['198.51.100.7', remote.v6, '2001:db8:1::7'])
			assert.equal((await http(9000, 'web.lab.local', { address })).body, 'web', address);
	});

	test('DROP_ALL: what is not of the mesh is refused, by name with 404 and by port without an answer', async () => {
		assert.equal((await http(9000)).status, 404);
		assert.equal((await http(9009)).status, 0);
		assert.equal((await http(9009, 'elsewhere.example', { address: remote.v6 })).status, 0);
		assert.notEqual(await byOf(remote.v4, 3307), 'mysql');
		assert.notEqual(await byOf(world.v4, 3307), 'mysql');
	});

	test("DROP_ALL: AWS's own services are reached by their names, others on their port are not", async () => {
		assert.equal((await secured('sqs.us-east-1.amazonaws.com')).body, 'sqs');
		assert.equal((await secured('sqs.us-east-1.amazonaws.com.example')).status, 0);
		assert.equal((await secured('www.example.com')).status, 0);
		assert.ok((await readStatistic(app, 'cluster.cds_egress_lab_amazonaws.upstream_cx_total')) >= 1);
	});

	test('ALLOW_ALL: all of it passes, and the services of the mesh are as they were', async () => {
		const { mesh: former } = await daemon.readStatus();
		lab.save(definitions('ALLOW_ALL'));
		await settled(daemon, former?.version);
		assert.equal((await http(9009)).body, 'elsewhere');
		assert.equal((await http(9009, 'elsewhere.example', { address: remote.v6 })).body, 'elsewhere');
		assert.equal((await http(9000)).body, 'web');
		assert.equal((await secured('www.example.com')).body, 'sqs');
		assert.equal((await secured('sqs.us-east-1.amazonaws.com')).body, 'sqs');
		assert.equal(await byOf(remote.v4, 3306), 'mysql');
		assert.equal((await http(9000, 'web.lab.local')).body, 'web');
		assert.ok((await readStatistic(app, 'cluster.cds_egress_lab_mesh-allow-all.upstream_cx_total')) >= 3);
	});

	test('ALLOW_ALL: a server that speaks first is heard as soon on any port', () => greetsInTime(3307));

	test('ALLOW_ALL: a service without a provider gets no request all the same', async () =>
		assert.equal((await http(9000, 'none.lab.local')).status, 404));
});
