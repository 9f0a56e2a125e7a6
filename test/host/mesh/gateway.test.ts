// A virtual gateway: which service a request from outside is led to, and as what it arrives there.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Spec } from '../../../src/mesh/schema/kinds.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createWirePeer } from '../../lab/net/wire-peer.ts';
import { eventually } from '../../support/eventually.ts';
import { explainedGateway } from '../../support/explained.ts';
import { headerMatches, withKind } from '../../support/header-matches.ts';
import { createFieldLab, readStatistic } from '../../support/mesh-lab.ts';
import { gateway, gatewayRoute, mesh, node, only, service, serviceOf, to } from '../../support/mesh-parts.ts';
import { catalogOf } from '../../support/rendered.ts';
import { suiteStack } from '../../support/suite-stack.ts';

type HttpRoute = NonNullable<Spec<'gatewayRoute'>['httpRoute']>;

const { remote, host } = addresses;
const DOOR = 8_088;
const CALLS = 8_090;
const PAGES = 8_091;

const target = (virtualServiceName: string) => ({ target: { virtualService: { virtualServiceName } } });

type GrpcRoute = NonNullable<Spec<'gatewayRoute'>['grpcRoute']>;

const call = (match: GrpcRoute['match'], rewrite?: GrpcRoute['action']['rewrite']): Spec<'gatewayRoute'> => ({
	grpcRoute: {
		match: { port: CALLS, ...match },
		action: { ...target('calls.lab.local'), ...(rewrite === undefined ? {} : { rewrite }) },
	},
});

interface Row {
	readonly match: HttpRoute['match'];
	readonly rewrite?: HttpRoute['action']['rewrite'];
	readonly priority?: number;
}

interface Asked {
	readonly path: string;
	readonly host?: string;
	readonly method?: string;
	readonly headers?: Readonly<Record<string, string>>;
}

const route = ({ match, rewrite, priority }: Row, name: string): Spec<'gatewayRoute'> => ({
	...(priority === undefined ? {} : { priority }),
	httpRoute: {
		match: { port: DOOR, ...match },
		action: { ...target(name), ...(rewrite === undefined ? {} : { rewrite }) },
	},
});

const keeping = { hostname: { defaultTargetHostname: 'DISABLED' } } as const;

const headers = Object.values(headerMatches).map((row, at) => ({ ...row, name: `header${at}` }));

/** To the service `a`, but for the last ones. */
const routes: Readonly<Record<string, Spec<'gatewayRoute'>>> = {
	plain: route({ match: { prefix: '/plain' } }, 'a.lab.local'),
	value: route({ match: { prefix: '/value' }, rewrite: { prefix: { value: '/other' } } }, 'a.lab.local'),
	kept: route({ match: { prefix: '/kept' }, rewrite: { prefix: { defaultPrefix: 'DISABLED' } } }, 'a.lab.local'),
	exact: route({ match: { path: { exact: '/exact' } }, rewrite: { path: { exact: '/new' } } }, 'a.lab.local'),
	regex: route({ match: { path: { regex: '/r/[0-9]+' } }, rewrite: { path: { exact: '/n' } } }, 'a.lab.local'),
	host: route({ match: { prefix: '/host' }, rewrite: keeping }, 'a.lab.local'),
	method: route({ match: { prefix: '/method', method: 'POST' } }, 'a.lab.local'),
	...Object.fromEntries(
		headers.map(({ name, header }) => [
			name,
			route({ match: { prefix: `/${name}`, headers: [header] } }, 'a.lab.local'),
		]),
	),
	query: route({ match: { prefix: '/query', queryParameters: [{ name: 'q', match: { exact: '1' } }] } }, 'a.lab.local'),
	weights: route({ match: { prefix: '/shared' } }, 'shared.lab.local'),
	none: route({ match: { prefix: '/none' } }, 'none.lab.local'),
	first: route({ match: { prefix: '/order' }, priority: 1 }, 'a.lab.local'),
	second: route({ match: { prefix: '/order/longer' }, priority: 2 }, 'b.lab.local'),
	whole: route({ match: { hostname: { exact: 'b.example.com' } } }, 'b.lab.local'),
	end: route({ match: { hostname: { suffix: '*.b.example.org' } } }, 'b.lab.local'),
	port: {
		httpRoute: {
			match: { port: DOOR, prefix: '/port/a' },
			action: { target: { ...target('ports.lab.local').target, port: 80 } },
		},
	},
	otherPort: {
		httpRoute: {
			match: { port: DOOR, prefix: '/port/b' },
			action: { target: { ...target('ports.lab.local').target, port: 81 } },
		},
	},
	calls: call({ serviceName: 'greet.Greeter' }),
	byMetadata: call({ metadata: [{ name: 'x-kind', match: { exact: 'special' } }] }),
	byHost: call({ hostname: { exact: 'calls.example.com' } }, keeping),
	http2: { http2Route: { match: { port: PAGES, prefix: '/pages' }, action: target('pages.lab.local') } },
};

describe('a virtual gateway', async () => {
	const stack = suiteStack();
	const lab = await createFieldLab(stack);
	const { app, world } = lab;
	await Promise.all([...['a', 'b'].map((name, at) => world.serve({ name, address: remote.v4, port: 9000 + at }))]);
	const definitions = [
		mesh(),
		gateway('door', {
			listeners: [
				{ portMapping: { port: DOOR, protocol: 'http' } },
				{ portMapping: { port: CALLS, protocol: 'grpc' } },
				{ portMapping: { port: PAGES, protocol: 'http2' } },
			],
		}),
		...['a', 'b'].flatMap((name, at) => [node(name, { port: 9000 + at }), serviceOf(`${name}.lab.local`, name)]),
		...service('shared.lab.local', {
			routes: { only: { httpRoute: { match: { prefix: '/' }, action: to({ a: 1, b: 1 }) } } },
		}),
		serviceOf('none.lab.local'),
		...service('ports.lab.local', {
			...{ port: 80, more: [{ port: 81, protocol: 'http' }] },
			routes: Object.fromEntries(
				['a', 'b'].map((name, at) => [
					name,
					{ httpRoute: { match: { prefix: '/', port: 80 + at }, action: only(name) } },
				]),
			),
		}),
		...[node('pages', { port: 9101, protocol: 'http2' }), serviceOf('pages.lab.local', 'pages')],
		...[node('calls', { port: 9100, protocol: 'grpc' }), serviceOf('calls.lab.local', 'calls')],
		...Object.entries(routes).map(([name, spec]) => gatewayRoute('door', name, spec)),
	];
	await lab.start(definitions, { proxy: 'virtualGateway/door' });
	const far = stack.use(createWirePeer(lab.outside));
	await far.serveHttp2({ name: 'calls', address: remote.v4, port: 9100 });
	await far.serveHttp2({ name: 'pages', address: remote.v4, port: 9101 });

	const ask = (path: string, more: object = {}) =>
		world.get({ address: host.v4, port: DOOR, host: 'door.example.com', path, ...more });
	const arrives = async (path: string, more: object = {}) => {
		const { status, body, headers } = await ask(path, more);
		return status === 200 ? `${body} ${headers['x-host']} ${headers['x-path']}` : `${status}`;
	};

	test('its prefix is taken off the path, and the host becomes the service', async () => {
		assert.equal(await arrives('/plain'), 'a a.lab.local /');
		assert.equal(await arrives('/plain/x?y=1'), 'a a.lab.local /x?y=1');
	});

	test('rewrite.prefix.value stands in for the prefix', async () => {
		assert.equal(await arrives('/value'), 'a a.lab.local /other');
		assert.equal(await arrives('/value/x'), 'a a.lab.local /other/x');
	});

	test('rewrite.prefix.defaultPrefix DISABLED keeps the path', async () =>
		assert.equal(await arrives('/kept/x'), 'a a.lab.local /kept/x'));

	test('rewrite.path.exact stands in for a whole path, matched exactly or by a regex', async () => {
		assert.equal(await arrives('/exact?y=1'), 'a a.lab.local /new?y=1');
		assert.equal(await arrives('/exact/x'), '404');
		assert.equal(await arrives('/r/17?y=1'), 'a a.lab.local /n?y=1');
		assert.equal(await arrives('/r/x'), '404');
	});

	test('rewrite.hostname DISABLED keeps the host; a service sees nothing of how it was chosen', async () => {
		assert.equal(await arrives('/host/x'), 'a door.example.com /x');
		const { headers } = await ask('/host/x', { headers: { 'x-app-mesh-virtual-service': 'b.lab.local' } });
		assert.equal(headers['x-host'], 'door.example.com');
		assert.ok(!headers['x-headers']?.includes('x-app-mesh'), headers['x-headers']);
	});

	test('a host that is kept does not choose the service, whatever it is', async () => {
		assert.equal(await arrives('/host/x', { host: 'b.lab.local' }), 'a b.lab.local /x');
		assert.equal(await arrives('/host/x', { host: 'a.lab.local' }), 'a a.lab.local /x');
	});

	test('a method, headers in all the ways of a route, a query parameter are asked for', async () => {
		assert.equal(await arrives('/method', { method: 'POST' }), 'a a.lab.local /');
		assert.equal(await arrives('/method'), '404');
		for (const { name, hits, misses } of headers) {
			const kinds = (values: readonly string[]) =>
				values.map((value) => arrives(`/${name}`, { headers: withKind(value) }));
			for (const answer of await Promise.all(kinds(hits))) assert.equal(answer, 'a a.lab.local /', name);
			for (const answer of await Promise.all(kinds(misses))) assert.equal(answer, '404', name);
		}
		assert.equal(await arrives('/query?q=1'), 'a a.lab.local /?q=1');
		assert.equal(await arrives('/query?q=2'), '404');
	});

	test('a hostname is matched as a whole, or by its end, with and without a port', async () => {
		const of = (name: string) => arrives('/x', { host: name });
		assert.equal(await of('b.example.com'), 'b b.lab.local /x');
		assert.equal(await of('B.example.com:8088'), 'b b.lab.local /x');
		assert.equal(await of('c.b.example.com'), '404');
		assert.equal(await of('c.b.example.org'), 'b b.lab.local /x');
		assert.equal(await of('b.example.org'), '404');
	});

	test('a priority goes before the length of a prefix', async () =>
		assert.equal(await arrives('/order/longer/x'), 'a a.lab.local /longer/x'));

	test('a service goes on by its own routes, and without a provider it is answered with 404', async () => {
		const target = { address: host.v4, port: DOOR, host: 'door.example.com', path: '/shared' };
		const counts = await world.getMany(target, { times: 100, workers: 4 });
		assert.deepEqual(Object.keys(counts).sort(), ['a', 'b']);
		assert.equal(await arrives('/none'), '404');
		assert.equal(await arrives('/nobody'), '404');
	});

	test("target.port chooses among the ports of a service's router", async () => {
		assert.equal(await arrives('/port/a/x'), 'a ports.lab.local /x');
		assert.equal(await arrives('/port/b/x'), 'b ports.lab.local /x');
	});

	test('explain says of each request where it arrives, and as what', async () => {
		const paths = [
			'/plain',
			'/plainly',
			'/plain/x?y=1',
			'/value',
			'/valuex',
			'/value//x/../y',
			'/kept/x',
			'/exact?y=1',
			'/exact/x',
		];
		const others = ['/r/17?y=1', '/r/x', '/query?q=1', '/query?q=2', '/none', '/order/longer/x', '/order', '/'];
		const asked: readonly Asked[] = [
			...[...paths, ...others].map((path) => ({ path })),
			...['b.example.com', 'B.example.com:8088', 'c.b.example.com', 'c.b.example.org', 'b.example.org'].map((name) => ({
				...{ path: '/x', host: name },
			})),
			...['POST', 'GET'].map((method) => ({ path: '/method', method })),
			...['bc', 'cb'].map((value) => ({ path: '/header', headers: { 'x-a': value } })),
			...['/host/x', '/shared'].map((path) => ({ path })),
			...['a.lab.local', 'b.lab.local', 'none.lab.local'].map((name) => ({ path: '/host/x', host: name })),
		];
		const place = { address: host.v4, port: DOOR, host: 'door.example.com' };
		const catalog = catalogOf(definitions);
		for (const each of asked) {
			const expected = explainedGateway(catalog, 'door', { ...place, ...each });
			const got = await arrives(each.path, each);
			assert.ok(expected.includes(got), `${JSON.stringify(each)}: ${expected} and not ${got}`);
		}
	});

	test('gRPC enters by service, by metadata or by hostname', async () => {
		const enter = async (path: string, more: object = {}) => {
			const target = { address: host.v4, port: CALLS, host: 'door.example.com', path, messages: ['in', 'and out'] };
			const { messages, grpcStatus } = await far.call({ ...target, ...more });
			return messages.join() || grpcStatus;
		};
		assert.equal(await enter('/greet.Greeter/Hello'), 'calls: in,calls: and out');
		assert.equal(await enter('/other.Service/Hello'), '12');
		assert.equal(await enter('/other.Service/Hello', { headers: { 'x-kind': 'special' } }), 'calls: in,calls: and out');
		assert.equal(await enter('/other.Service/Hello', { headers: { 'x-kind': 'other' } }), '12');
		assert.equal(await enter('/other.Service/Hello', { host: 'calls.example.com' }), 'calls: in,calls: and out');
	});

	test('HTTP/2 enters, and goes on to a service with http2', async () => {
		const pages = (path: string) => far.call({ address: host.v4, port: PAGES, host: 'door.example.com', path });
		assert.equal((await pages('/pages/x')).body, 'pages by HTTP/2');
		assert.equal((await pages('/x')).status, 404);
	});

	test('its connections to itself end when they carry nothing, so that a stop does not wait for them', async () =>
		void (await eventually(
			() => readStatistic(app, 'listener.0.0.0.0_15001.downstream_cx_active'),
			(open) => open === 0,
		)));

	test('what enters is counted for each of its listeners', async () => {
		const name = `cluster.cds_ingress_lab_door_self_redirect_http_15001_${DOOR}.upstream_rq_total`;
		assert.ok((await readStatistic(app, name)) > 0);
	});
});
