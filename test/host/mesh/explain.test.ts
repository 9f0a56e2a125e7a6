// `turnout explain` says what a real Envoy does: the same definitions, the same requests, and who has answered; of the
// definitions alone, and by the daemon, from the rules on.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createClient } from '../../../src/localapi/client.ts';
import type { Spec } from '../../../src/mesh/schema/kinds.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createPeer } from '../../lab/net/peer.ts';
import { createWirePeer } from '../../lab/net/wire-peer.ts';
import { createAuthority, pemsOf } from '../../support/certificates.ts';
import { type AskedOf, answererIn, explainedNode } from '../../support/explained.ts';
import { createFieldLab, settled } from '../../support/mesh-lab.ts';
import { client, mesh, node, only, service, serviceOf, to } from '../../support/mesh-parts.ts';
import { catalogOf } from '../../support/rendered.ts';
import { suiteStack } from '../../support/suite-stack.ts';

type HttpMatch = NonNullable<Spec<'route'>['httpRoute']>['match'];
type Header = NonNullable<HttpMatch['headers']>[number];

const { remote, otherRemote } = addresses;
const [ALL, CALLS] = ['all.lab.local', 'calls.lab.local'];
const ports = { calls: 50_051, tcp: 7_000, shared: 5_432, unknown: 9_009, raw: 9_010 } as const;

const header = (name: string, more: Omit<Header, 'name'>): HttpMatch => ({ headers: [{ name, ...more }] });
const http = (match: HttpMatch, name: string, priority?: number): Spec<'route'> => ({
	httpRoute: { match: match.path === undefined ? { prefix: '/', ...match } : match, action: only(name) },
	...(priority === undefined ? {} : { priority }),
});

/** Each with a server of its own name. */
const matches: Readonly<Record<string, HttpMatch>> = {
	rest: {},
	metrics: { prefix: '/metrics' },
	deeper: { prefix: '/metrics/cpu' },
	escaped: { prefix: '/a%2Fb' },
	whole: { path: { exact: '/orders' } },
	regex: { path: { regex: '(?i)/ORDERS/[0-9]{1,3}(/lines)?' } },
	posix: { path: { regex: '/p/[[:alpha:]_]+\\.\\x{74}xt|/q' } },
	post: { method: 'POST' },
	secure: { scheme: 'https', prefix: '/secure' },
	exact: header('x-exact', { match: { exact: 'a' } }),
	prefix: header('X-Prefix', { match: { prefix: 'be' } }),
	suffix: header('x-suffix', { match: { suffix: 'ta' } }),
	pattern: header('x-pattern', { match: { regex: 'b.t[a-c]+' } }),
	range: header('x-range', { match: { range: { start: -3, end: 10 } } }),
	beyond: { prefix: '/beyond', ...header('x-beyond', { invert: true, match: { range: { start: 0, end: 10 } } }) },
	present: header('x-present', {}),
	absent: { prefix: '/absent', ...header('x-absent', { invert: true }) },
	other: { prefix: '/other', ...header('x-other', { invert: true, match: { exact: 'a' } }) },
	forwarded: { prefix: '/forwarded', ...header('x-forwarded-proto', { match: { exact: 'http' } }) },
	traced: { prefix: '/traced', ...header('x-request-id', {}) },
	host: header('host', { match: { suffix: '.LOCAL' } }),
	value: { queryParameters: [{ name: 'v', match: { exact: '2%20' } }] },
	flag: { queryParameters: [{ name: 'flag' }] },
};
const names = Object.keys(matches);

const definitions = (filter: 'ALLOW_ALL' | 'DROP_ALL') => [
	mesh(filter),
	client([
		ALL,
		'order.lab.local',
		'*.wild.lab.local',
		'direct.lab.local',
		CALLS,
		'tcp.lab.local',
		'none.lab.local',
		'first.lab.local',
		'second.lab.local',
	]),
	...names.map((name, at) => node(name, { port: 9_100 + at })),
	...service(ALL, { routes: Object.fromEntries(names.map((name) => [name, http(matches[name] ?? {}, name)])) }),
	...service('order.lab.local', {
		routes: {
			first: http({ prefix: '/' }, 'metrics', 1),
			second: http({ prefix: '/longer' }, 'deeper', 2),
			split: {
				httpRoute: { match: { prefix: '/split' }, action: to({ exact: 50, prefix: 50, suffix: 0 }) },
				priority: 0,
			},
		},
	}),
	...service('*.wild.lab.local', { routes: { only: http({ prefix: '/wild' }, 'whole') } }),
	serviceOf('direct.lab.local', 'regex'),
	...['hello', 'greeter', 'special'].map((name, at) => node(name, { port: 9_200 + at, protocol: 'grpc' })),
	...service(CALLS, {
		...{ port: ports.calls, protocol: 'grpc' },
		routes: {
			hello: { grpcRoute: { match: { serviceName: 'a.B', methodName: 'Hello' }, action: only('hello') } },
			greeter: { grpcRoute: { match: { serviceName: 'a.B' }, action: only('greeter') } },
			special: {
				grpcRoute: { match: { metadata: [{ name: 'x-kind', match: { exact: 's' } }] }, action: only('special') },
				priority: 3,
			},
		},
	}),
	...['one', 'two'].map((name, at) => node(name, { port: 9_300 + at, protocol: 'tcp' })),
	...service('tcp.lab.local', {
		...{ port: ports.tcp, protocol: 'tcp' },
		routes: { only: { tcpRoute: { action: to({ one: 1, two: 0 }) } } },
	}),
	...service('first.lab.local', {
		...{ port: ports.shared, protocol: 'tcp' },
		routes: { only: { tcpRoute: { action: only('one') } } },
	}),
	node('three', { port: 9_302, protocol: 'tcp', hostname: otherRemote.v4 }),
	...service('second.lab.local', {
		...{ port: ports.shared, protocol: 'tcp' },
		routes: { only: { tcpRoute: { action: only('three') } } },
	}),
	serviceOf('none.lab.local'),
];

const at = (path: string, more: Partial<AskedOf> = {}): AskedOf => ({
	address: remote.v4,
	port: 80,
	host: ALL,
	path,
	...more,
});
const withHeader = (name: string, ...values: readonly string[]): AskedOf[] =>
	values.map((value) => at('/', { headers: { [name]: value } }));

const requests: readonly AskedOf[] = [
	...[
		'/',
		'/metrics',
		'/metricsfoo?x=/metrics/cpu',
		'/metrics/cpu/1',
		'/Metrics',
		'//metrics//cpu',
		'/x/../metrics',
		'/%6detrics',
	].map((path) => at(path)),
	...[
		'/./metrics',
		'/x/%2e%2E/metrics',
		'/metrics%2fcpu',
		'/a%2Fb/c',
		'/a%2fb/c',
		'/metrics/.',
		'/orders',
		'/orders?id=1',
	].map((path) => at(path)),
	...['/orders/', '/Orders/17', '/orders/17/lines?a', '/orders/1234', '/p/a_b.txt', '/p/a1.txt', '/q', '/q/'].map(
		(path) => at(path),
	),
	...[
		at('/', { method: 'POST' }),
		at('/metrics', { method: 'POST' }),
		at('/', { method: 'PUT' }),
		at('/secure'),
		...['https', 'http', 'ftp'].map((scheme) => at('/secure', { headers: { 'x-forwarded-proto': scheme } })),
	],
	...['/forwarded', '/traced'].map((path) => at(path)),
	...['/x\\..\\metrics', '/~', '/%7emetrics', '/metrics/%2E', '/a/%2e%2e%2fmetrics', '/./x/../../metrics'].map((path) =>
		at(path),
	),
	...['/metrics%3Fx', '/%2Fmetrics', '/metrics//../x', '/metrics/..', '/metrics/../', '/%C3%A9', '/metrics%'].map(
		(path) => at(path),
	),
	...[
		at('/', { headers: { 'X-EXACT': 'a' } }),
		at('/', { headers: { 'x-exact': ' a ' } }),
		at('/', { headers: { 'x-exact': '' } }),
	],
	...[at('/', { headers: { 'x-present': '' } }), at('/absent', { headers: { 'x-absent': '' } })],
	...withHeader('x-exact', 'a', 'A', 'ab'),
	...withHeader('x-prefix', 'beta', 'abe'),
	...withHeader('x-suffix', 'beta', 'betas'),
	...withHeader('x-pattern', 'beta', 'xbeta'),
	...withHeader('x-range', '-3', '9', '10', '9.5', '+5', '007', 'nine'),
	...withHeader('x-present', 'anything'),
	...['5', '10', 'no'].map((value) => at('/beyond', { headers: { 'x-beyond': value } })),
	...[at('/beyond'), at('/absent'), at('/absent', { headers: { 'x-absent': '1' } })],
	...[at('/other'), at('/other', { headers: { 'x-other': 'a' } }), at('/other', { headers: { 'x-other': 'b' } })],
	...['/?v=2%20', '/?v=2+', '/?a&v=2%20', '/?v=1&v=2%20', '/?flag', '/?flag=', '/?flags', '/?x=flag', '/?%66lag'].map(
		(path) => at(path),
	),
	...['ALL.lab.local', 'all.lab.local:80', 'all.lab.local:81', 'all.lab.local.', 'all.LOCAL'].map((host) =>
		at('/', { host }),
	),
	...['a.wild.lab.local', 'A.b.wild.lab.local:80', 'wild.lab.local', '.wild.lab.local'].map((host) =>
		at('/wild', { host }),
	),
	...[
		at('/', { host: 'a.wild.lab.local' }),
		at('/any', { host: 'elsewhere.example' }),
		at('/', { host: 'none.lab.local' }),
	],
	...['/', '/longer/x', '/split'].map((path) => at(path, { host: 'order.lab.local' })),
	at('/any', { host: 'direct.lab.local', port: 9_105 }),
	...[at('/', { port: ports.unknown }), at('/', { port: ports.unknown, host: 'elsewhere.example' })],
];

const secured = [
	'sqs.us-east-1.amazonaws.com',
	'SQS.amazonaws.com',
	'amazonaws.com',
	'sqs.amazonaws.com.example',
	'www.example.com',
];
const calls: readonly Pick<AskedOf, 'path' | 'headers'>[] = [
	...['/a.B/Hello', '/a.B/Bye', '/a.Bc/Hello', '/c.D/Hello', '/'].map((path) => ({ path })),
	...['s', 't'].map((kind) => ({ path: '/c.D/E', headers: { 'x-kind': kind } })),
];
const call = { address: remote.v4, port: ports.calls, host: CALLS, method: 'grpc' };
const connections = [
	...[ports.tcp, ports.shared, ports.raw].map((port) => ({ address: remote.v4, port })),
	{ address: otherRemote.v4, port: ports.shared },
];

describe('what explain says, beside what a real Envoy does', async () => {
	const stack = suiteStack();
	const lab = await createFieldLab(stack);
	const { app, world } = lab;
	const [far, near] = [createPeer(lab.outside), createPeer(lab.host, { uid: 1000 })].map((peer) => stack.use(peer));
	const daemon = await lab.start(definitions('DROP_ALL'));
	const wire = stack.use(createWirePeer(lab.outside));
	const caller = stack.use(createWirePeer(lab.host, { uid: 1000 }));
	const tls = pemsOf(createAuthority(lab.folder, 'authority').issue('elsewhere', secured.slice(0, 1)));
	await Promise.all([
		...names.map((name, at) => world.serve({ name, address: remote.v4, port: 9_100 + at })),
		...['hello', 'greeter', 'special'].map((name, at) =>
			wire.serveHttp2({ name, address: remote.v4, port: 9_200 + at }),
		),
		...['one', 'two'].map((name, at) => far?.listen(name, [9_300 + at], { address: remote.v4 })),
		far?.listen('elsewhere', [ports.raw], { address: remote.v4 }),
		far?.listen('three', [9_302], { address: otherRemote.v4 }),
		world.serve({ name: 'elsewhere', address: remote.v4, port: 80 }),
		world.serve({ name: 'elsewhere', address: remote.v4, port: ports.unknown }),
		world.serve({ name: 'elsewhere', address: remote.v4, port: 443, tls }),
	]);
	const heard = async (asked: AskedOf): Promise<string> => {
		const servername = asked.host ?? '';
		const more = asked.isTls === true ? { tls: { servername } } : {};
		const { status, body } = await app.get({ ...asked, host: servername, ...more });
		if (status === 200) return body;
		return status === 0 ? 'closed' : String(status);
	};
	const called = async (asked: AskedOf): Promise<string> => {
		const target = { ...asked, host: CALLS, path: asked.path ?? '/', messages: ['x'] };
		const { messages, grpcStatus } = await caller.call(target);
		return messages[0]?.replace(/: x$/, '') ?? (grpcStatus === '12' ? '404' : `gRPC ${grpcStatus}`);
	};
	const connected = async ({ address, port }: AskedOf): Promise<string> => {
		const answer = await near?.connect(address, port);
		return answer?.kind === 'answered' ? answer.by : 'closed';
	};

	/** By the daemon, from the rules on: who answers a program of the app's user. */
	const told = async ({ address, port, host, path, method, headers = {} }: AskedOf): Promise<readonly string[]> => {
		const lines = Object.entries(headers).map((pair) => pair.join('='));
		const http =
			method === 'tcp' ? {} : { path: path ?? '/', headers: lines, ...(method === undefined ? {} : { method }) };
		const { connections } = await createClient(daemon.socket).explain({
			...{ out: `${address}:${port}`, user: '1000', ...http },
			...(host === undefined ? {} : { host }),
		});
		const [{ settings, kernel, mesh } = assert.fail('nothing is explained')] = connections;
		assert.deepEqual([settings.answer, kernel?.answer], ['egress listener', 'egress listener']);
		return mesh === undefined ? [] : answererIn(mesh);
	};
	/** What HTTP and TCP are asked as; TLS and calls are not, over the socket. */
	const isTold = ({ isTls, host }: AskedOf) => isTls !== true && host !== CALLS;

	const asks: readonly (readonly [AskedOf, (asked: AskedOf) => Promise<string>])[] = [
		...requests.map((asked) => [asked, heard] as const),
		...secured.map((host) => [{ address: remote.v4, port: 443, host, isTls: true }, heard] as const),
		...calls.map((asked) => [{ ...asked, ...call }, called] as const),
		...connections.map((asked) => [{ ...asked, method: 'tcp' }, connected] as const),
	];
	const differences = async (filter: 'ALLOW_ALL' | 'DROP_ALL') => {
		const catalog = catalogOf(definitions(filter));
		const wrong: unknown[] = [];
		for (const [asked, ask] of asks) {
			const expected = explainedNode(catalog, 'client', asked);
			const got = await ask(asked);
			if (!expected.includes(got)) wrong.push({ ...asked, expected, got });
		}
		return wrong;
	};

	test(`DROP_ALL: who answers each of ${asks.length} requests, calls and connections`, async () =>
		assert.deepEqual(await differences('DROP_ALL'), []));

	test('DROP_ALL: who answers a program, as the daemon explains it from the rules on', async () => {
		const wrong: unknown[] = [];
		for (const [asked, ask] of asks.filter(([each]) => isTold(each))) {
			const [answered, got] = await Promise.all([told(asked), ask(asked)]);
			if (!answered.includes(got)) wrong.push({ ...asked, answered, got });
		}
		assert.deepEqual(wrong, []);
	});

	test('ALLOW_ALL: who answers the same ones', async () => {
		const { mesh: former } = await daemon.readStatus();
		lab.save(definitions('ALLOW_ALL'));
		await settled(daemon, former?.version);
		assert.deepEqual(await differences('ALLOW_ALL'), []);
	});
});
