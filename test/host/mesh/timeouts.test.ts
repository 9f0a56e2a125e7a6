// How long a request may take, and how long a connection may say nothing: of routes and of a node's own listeners.
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Spec } from '../../../src/mesh/schema/kinds.ts';
import { addresses } from '../../lab/net/layout.ts';
import { askSocket } from '../../lab/net/socket.ts';
import { createWirePeer } from '../../lab/net/wire-peer.ts';
import { createFieldLab } from '../../support/mesh-lab.ts';
import { client, mesh, node, only, service, serviceOf } from '../../support/mesh-parts.ts';
import { suiteStack } from '../../support/suite-stack.ts';

type Listener = NonNullable<Spec<'virtualNode'>['listeners']>[number];
type Protocol = Listener['portMapping']['protocol'];
type Timeout = NonNullable<NonNullable<Spec<'route'>['httpRoute']>['timeout']>;

const { remote, host } = addresses;
/** What any server takes for an answer. */
const SLOW_MS = 600;
const short = { unit: 'ms', value: 100 } as const;
const none = { unit: 's', value: 0 } as const;
/** What Envoy's 504 is in gRPC. */
const UNAVAILABLE = '14';

const kinds = ['http', 'http2', 'grpc', 'tcp'] as const;
const targets = { http: 9000, http2: 9001, grpc: 9002, tcp: 9003 } as const;
/** Of services and of listeners, by protocol, for each of `given`. */
const firstPorts = { http: 8000, http2: 8100, grpc: 8200, tcp: 8300 } as const;
const given = {
	impatient: { perRequest: short },
	patient: { perRequest: none },
	silent: { idle: short },
	nothing: {},
} as const;
type Given = keyof typeof given;
const names = Object.keys(given) as Given[];
const portOf = (kind: Protocol, name: Given) => firstPorts[kind] + names.indexOf(name);
const hostOf = (kind: Protocol, name: Given) => `${name}.${kind}.lab.local`;
const isOf = (kind: Protocol, { perRequest }: Timeout) => kind !== 'tcp' || perRequest === undefined;
const all = kinds.flatMap((kind) =>
	names.filter((name) => isOf(kind, given[name])).map((name) => ({ kind, name, timeout: given[name] as Timeout })),
);

/** A route for everything. */
function routeOf(kind: Protocol, timeout: Timeout): Spec<'route'> {
	const route = { match: { prefix: '/' }, action: only(kind), timeout };
	if (kind === 'tcp') return { tcpRoute: { action: only(kind), timeout } };
	if (kind === 'grpc') return { grpcRoute: { ...route, match: {} } };
	return kind === 'http' ? { httpRoute: route } : { http2Route: route };
}

const definitions = [
	mesh(),
	client([...all.map(({ kind, name }) => hostOf(kind, name)), 'direct.lab.local'], {
		listeners: all.map(({ kind, name, timeout }) => ({
			portMapping: { port: portOf(kind, name), protocol: kind },
			timeout: { [kind]: timeout },
		})),
		serviceDiscovery: { dns: { hostname: host.v4 } },
	}),
	...kinds.map((kind) => node(kind, { port: targets[kind], protocol: kind })),
	...all.flatMap(({ kind, name, timeout }) =>
		service(hostOf(kind, name), { port: portOf(kind, name), protocol: kind, routes: { only: routeOf(kind, timeout) } }),
	),
	serviceOf('direct.lab.local', 'http'),
];

describe('how long things may take in a mesh', { concurrency: true }, async () => {
	const stack = suiteStack();
	const lab = await createFieldLab(stack);
	const daemon = await lab.start(definitions);
	const [far, near] = [stack.use(createWirePeer(lab.outside)), stack.use(createWirePeer(lab.host, { uid: 1000 }))];
	const isHttp2 = (kind: Protocol) => kind === 'http2' || kind === 'grpc';
	await Promise.all([
		lab.world.serve({ name: 'http', address: remote.v4, port: targets.http, delayMs: SLOW_MS }),
		...(['http2', 'grpc'] as const).map((name) =>
			far.serveHttp2({ name, address: remote.v4, port: targets[name], delayMs: SLOW_MS }),
		),
		far.serveOpen({ name: 'tcp', address: remote.v4, port: targets.tcp }),
		...all.map(({ kind, name }) => {
			const served = { name: kind, address: '127.0.0.1', port: portOf(kind, name), delayMs: SLOW_MS };
			if (kind === 'tcp') return near.serveOpen(served);
			return isHttp2(kind) ? near.serveHttp2(served) : lab.app.serve(served);
		}),
	]);

	/** The way out of the node, to its services, and the way in, to its application. */
	const ways = {
		'a route': {
			http: lab.app,
			wire: near,
			target: (kind: Protocol, name: Given) => ({
				address: remote.v4,
				port: portOf(kind, name),
				host: hostOf(kind, name),
			}),
		},
		'a listener': {
			http: lab.world,
			wire: far,
			target: (kind: Protocol, name: Given) => ({ address: host.v4, port: portOf(kind, name), host: 'client' }),
		},
	};

	for (const [of, { http, wire, target }] of Object.entries(ways)) {
		const outcome = async (kind: Protocol, name: Given) => {
			if (kind === 'http') return (await http.get(target(kind, name))).status;
			const messages = kind === 'grpc' ? { messages: ['hi'] } : {};
			const { status, grpcStatus } = await wire.call({ ...target(kind, name), path: '/a.B/C', ...messages });
			return kind === 'grpc' ? grpcStatus : status;
		};
		const outcomes = (name: Given) =>
			Promise.all([outcome('http', name), outcome('http2', name), outcome('grpc', name)]);

		test(`perRequest of ${of} ends what takes longer; 0 lets it take its time, and so does none`, async () => {
			assert.deepEqual(await outcomes('impatient'), [504, 504, UNAVAILABLE]);
			assert.deepEqual(await outcomes('patient'), [200, 200, '0']);
			assert.deepEqual(await outcomes('nothing'), [200, 200, '0']);
		});

		test(`idle of ${of} with tcp ends a connection that says nothing for so long; without it, it stays`, async () => {
			const isEnded = (name: Given) =>
				wire.isEnded({ ...target('tcp', name), say: 'a', withinMs: name === 'silent' ? 10_000 : 500 });
			assert.deepEqual(await Promise.all([isEnded('silent'), isEnded('nothing')]), [true, false]);
		});
	}

	test('idle of a route ends a request that nothing is heard of for so long', async () => {
		const { target } = ways['a route'];
		assert.equal((await lab.app.get(target('http', 'silent'))).status, 504);
		assert.equal((await near.call({ ...target('http2', 'silent'), path: '/' })).status, 504);
	});

	for (const kind of ['http', 'http2', 'grpc'] as const)
		test(`idle of a listener with ${kind} ends a connection without requests; without it, it stays`, async () => {
			const { target } = ways['a listener'];
			const isEnded = (name: Given) =>
				far.isEnded({ ...target(kind, name), say: '', withinMs: name === 'silent' ? 10_000 : 500 });
			assert.deepEqual(await Promise.all([isEnded('silent'), isEnded('nothing')]), [true, false]);
		});

	test('where nothing is said a request may take 15 s, as in App Mesh: by routes, listeners, and a node that provides a service', async () => {
		const [admin = ''] = globSync(`${daemon.socket}.envoy/*/admin`);
		const { text } = await askSocket(admin, 'GET', '/config_dump?resource=dynamic_route_configs');
		const { configs } = JSON.parse(text) as { readonly configs: readonly Dumped[] };
		const timeoutOf = (routes: string, service: string) =>
			configs
				.find(({ route_config: { name } }) => name === routes)
				?.route_config.virtual_hosts.find(({ name }) => name === service)?.routes[0]?.route.timeout;
		assert.equal(timeoutOf(`rds_egress_http_${portOf('http', 'nothing')}`, hostOf('http', 'nothing')), '15s');
		assert.equal(timeoutOf(`rds_ingress_grpc_${portOf('grpc', 'nothing')}`, 'ingress'), '15s');
		assert.equal(timeoutOf(`rds_egress_http_${targets.http}`, 'direct.lab.local'), '15s');
	});
});

interface Dumped {
	readonly route_config: {
		readonly name: string;
		readonly virtual_hosts: readonly {
			readonly name: string;
			readonly routes: readonly { readonly route: { readonly timeout: string } }[];
		}[];
	};
}
