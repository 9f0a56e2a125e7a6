// HTTP/2, gRPC, websockets and logs of a mesh's requests, in and out.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Spec } from '../../../src/mesh/schema/kinds.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createWirePeer } from '../../lab/net/wire-peer.ts';
import { eventually } from '../../support/eventually.ts';
import { grpcRetries } from '../../support/grpc-retries.ts';
import { headerMatches, withKind } from '../../support/header-matches.ts';
import { createFieldLab } from '../../support/mesh-lab.ts';
import { client, mesh, node, only, service, serviceOf } from '../../support/mesh-parts.ts';
import { suiteStack } from '../../support/suite-stack.ts';

type GrpcRoute = NonNullable<Spec<'route'>['grpcRoute']>;

const { remote, host } = addresses;
const named = (name: string) => `${name}.lab.local`;
const to = (name: string) => ({ action: only(name) });
const grpc = (match: GrpcRoute['match'], name: string): Spec<'route'> => ({ grpcRoute: { match, ...to(name) } });
const ports = { grpc: 50_051, http2: 9_080, http: 80 } as const;
const own = { grpc: 50_052, http2: 8_090, http: 8_080, tcp: 8_082 } as const;
const HELLO = '/greet.Greeter/Hello';

type File = NonNullable<NonNullable<NonNullable<Spec<'virtualNode'>['logging']>['accessLog']>['file']>;

const fields = { verb: '%REQ(:METHOD)%', path: '%REQ(:PATH)%', code: '%RESPONSE_CODE%', to: '%UPSTREAM_CLUSTER%' };
const json = Object.entries(fields).map(([key, value]) => ({ key, value }));

/** Of gRPC's metadata: a service each, whose one route asks for it. */
const metadata = Object.entries(headerMatches).map(([title, row], at) => ({
	...{ ...row, title },
	host: `metadata${at}.lab.local`,
}));

const retries = grpcRetries.map((row, at) => ({ ...row, name: `retry${at}`, port: 9200 + at }));

const grpcService = (host: string, routes: Readonly<Record<string, Spec<'route'>>>) =>
	service(host, { port: ports.grpc, protocol: 'grpc', routes });

const definitions = (file: File) => [
	mesh(),
	client(
		[
			...['calls', 'pages', 'sockets', ...retries.map(({ name }) => name)].map(named),
			...metadata.map(({ host }) => host),
		],
		{
			listeners: [
				{ portMapping: { port: own.grpc, protocol: 'grpc' } },
				{ portMapping: { port: own.http2, protocol: 'http2' } },
				{ portMapping: { port: own.http, protocol: 'http' } },
				{ portMapping: { port: own.tcp, protocol: 'tcp' }, connectionPool: { tcp: { maxConnections: 1 } } },
			],
			serviceDiscovery: { dns: { hostname: host.v4 } },
			logging: { accessLog: { file } },
		},
	),
	...['hello', 'greeter', 'special', 'rest'].map((name, at) => node(name, { port: 9100 + at, protocol: 'grpc' })),
	...grpcService('calls.lab.local', {
		hello: grpc({ serviceName: 'greet.Greeter', methodName: 'Hello' }, 'hello'),
		greeter: grpc({ serviceName: 'greet.Greeter' }, 'greeter'),
		special: {
			priority: 0,
			...grpc({ serviceName: 'greet.Greeter', metadata: [{ name: 'x-kind', match: { exact: 'special' } }] }, 'special'),
		},
		rest: grpc({ serviceName: 'other.Service' }, 'rest'),
	}),
	...metadata.flatMap(({ host, header }) => grpcService(host, { only: grpc({ metadata: [header] }, 'rest') })),
	...retries.flatMap(({ name, port, settings }) => [
		node(name, { port, protocol: 'grpc' }),
		...grpcService(named(name), { only: { grpcRoute: { match: {}, ...to(name), ...settings } } }),
	]),
	node('pages', { port: 9090, protocol: 'http2' }),
	...service('pages.lab.local', {
		...{ port: ports.http2, protocol: 'http2' },
		routes: { only: { http2Route: { match: { prefix: '/' }, ...to('pages') } } },
	}),
	node('sockets', { port: ports.http }),
	serviceOf('sockets.lab.local', 'sockets'),
];

describe('the protocols of a mesh', async () => {
	const stack = suiteStack();
	const lab = await createFieldLab(stack);
	const log = join(lab.folder, 'access.log');
	await lab.start(definitions({ path: log, format: { json } }));
	// After the daemon, which waits at its end for connections that are open.
	const far = stack.use(createWirePeer(lab.outside));
	const near = stack.use(createWirePeer(lab.host, { uid: 1000 }));
	const grpcNodes = ['hello', 'greeter', 'special', 'rest'];
	await Promise.all([
		...grpcNodes.map((name, at) => far.serveHttp2({ name, address: remote.v4, port: 9100 + at })),
		...retries.map(({ name, port, statuses }) =>
			far.serveHttp2({ name, address: remote.v4, port, grpcStatuses: statuses }),
		),
		far.serveHttp2({ name: 'pages', address: remote.v4, port: 9090 }),
		far.serveWebsocket({ name: 'sockets', address: remote.v4, port: ports.http }),
		...[own.grpc, own.http2].map((port) => near.serveHttp2({ name: 'app', address: '127.0.0.1', port })),
		near.serveWebsocket({ name: 'app', address: '127.0.0.1', port: own.http }),
		near.serveOpen({ name: 'app', address: '127.0.0.1', port: own.tcp }),
	]);
	const calls = (path: string, messages: readonly string[], headers = {}) =>
		near.call({ address: remote.v4, port: ports.grpc, host: 'calls.lab.local', path, messages, headers });

	test('a unary call of gRPC goes by its service and method', async () => {
		const answer = { status: 200, body: '', grpcStatus: '0' };
		assert.deepEqual(await calls(HELLO, ['hi']), { ...answer, messages: ['hello: hi'] });
		assert.deepEqual((await calls('/greet.Greeter/Bye', ['hi'])).messages, ['greeter: hi']);
		assert.deepEqual((await calls('/other.Service/Any', ['hi'])).messages, ['rest: hi']);
		assert.deepEqual((await calls(HELLO, ['hi'], { 'x-kind': 'special' })).messages, ['special: hi']);
	});

	test('a call that no grpcRoute takes ends with the status of gRPC that says so', async () => {
		const { messages, grpcStatus } = await calls('/unknown.Service/Hello', ['hi']);
		assert.deepEqual({ messages, grpcStatus }, { messages: [], grpcStatus: '12' });
	});

	for (const { title, host, hits, misses } of metadata)
		test(`a grpcRoute's condition: metadata ${title}`, async () => {
			const ask = async (value: string) =>
				(
					await near.call({
						address: remote.v4,
						port: ports.grpc,
						host,
						path: HELLO,
						messages: ['hi'],
						headers: withKind(value),
					})
				).grpcStatus;
			assert.deepEqual(
				await Promise.all(hits.map(ask)),
				hits.map(() => '0'),
			);
			assert.deepEqual(
				await Promise.all(misses.map(ask)),
				misses.map(() => '12'),
			);
		});

	for (const { title, name, times, status } of retries)
		test(`a service with gRPC is asked ${title}`, async () => {
			const target = { address: remote.v4, port: ports.grpc, host: named(name), path: HELLO, messages: ['hi'] };
			const { grpcStatus } = await near.call(target);
			assert.deepEqual([grpcStatus, await far.seen(name)], [`${status}`, times]);
		});

	test('a stream of gRPC carries message after message both ways', async () => {
		const said = ['one', 'two', 'three'];
		const { messages, grpcStatus } = await calls(HELLO, said);
		assert.deepEqual({ messages, grpcStatus }, { messages: said.map((each) => `hello: ${each}`), grpcStatus: '0' });
	});

	test('HTTP/2 is spoken to a service with http2', async () => {
		const target = { address: remote.v4, port: ports.http2, host: 'pages.lab.local', path: '/' };
		assert.equal((await near.call(target)).body, 'pages by HTTP/2');
	});

	test('a websocket goes both ways for as long as it is open', async () => {
		const target = { address: remote.v4, port: ports.http, host: 'sockets.lab.local', say: ['a', 'b'] };
		assert.deepEqual(await near.converse(target), ['sockets', 'a', 'b']);
	});

	test('an application gets what comes in by the protocol of its listener', async () => {
		const target = { address: host.v4, host: 'client' };
		const called = await far.call({ ...target, port: own.grpc, path: HELLO, messages: ['in'] });
		assert.deepEqual(called.messages, ['app: in']);
		assert.equal((await far.call({ ...target, port: own.http2, path: '/' })).body, 'app by HTTP/2');
		assert.deepEqual(await far.converse({ ...target, port: own.http, say: ['c'] }), ['app', 'c']);
	});

	test('an application with tcp has no more connections than its connectionPool says', async () => {
		const target = { address: host.v4, port: own.tcp, say: ['d'] };
		assert.deepEqual(await far.converse(target), ['app', 'd']);
		assert.match((await far.converse(target)).join(), /^(closed|error)$/);
	});

	const lineOf = (path: string, holds: (line: string) => boolean) =>
		eventually(
			() => (existsSync(path) ? readFileSync(path, 'utf8') : '').split('\n').find(holds),
			(line) => line !== undefined,
		);

	test('accessLog: each request is a line of JSON with the fields of its format', async () => {
		const line = { verb: 'POST', path: HELLO, code: 200, to: 'cds_egress_lab_hello_grpc_9100' };
		const found = await lineOf(log, (text) => text.includes(`"${line.to}"`));
		assert.deepEqual(JSON.parse(found ?? ''), line);
	});

	test('accessLog: a format of text is taken as it stands, without one it is that of Envoy', async () => {
		const plain = join(lab.folder, 'plain.log');
		for (const [path, more, expected] of [
			[`${plain}.1`, { format: { text: 'from %REQ(X-KIND)% [%RESPONSE_CODE%]\n' } }, /^from text \[200\]$/],
			[plain, {}, /^\[[-\dT:.Z]+\] "POST \/greet.Greeter\/Hello HTTP\/2" 200 /],
		] as const) {
			lab.save(definitions({ path, ...more }));
			const line = await eventually(
				async () => {
					await calls(HELLO, ['hi'], { 'x-kind': 'text' });
					return existsSync(path) ? readFileSync(path, 'utf8').split('\n')[0] : '';
				},
				(text) => text !== '',
			);
			assert.match(line ?? '', expected);
		}
	});
});
