// How a virtual gateway is entered: TLS, websockets, as many requests as it bears; and how it speaks to its services.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Spec } from '../../../src/mesh/schema/kinds.ts';
import type { Pems } from '../../lab/net/http-peer.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createWirePeer } from '../../lab/net/wire-peer.ts';
import { createAuthority, pemsOf } from '../../support/certificates.ts';
import { eventually } from '../../support/eventually.ts';
import { createFieldLab } from '../../support/mesh-lab.ts';
import { gateway, gatewayRoute, mesh, node, serviceOf } from '../../support/mesh-parts.ts';
import { suiteStack } from '../../support/suite-stack.ts';

type Listener = Spec<'virtualGateway'>['listeners'][number];
type Door = 'bounded' | 'calls' | 'disabled' | 'mutual' | 'named' | 'pages' | 'permissive' | 'plain' | 'strict';

const { remote, host } = addresses;
const DOOR = 'door.example.com';
const CLIENTS = 12;
const SLOW_MS = 400;
const doors: Readonly<Record<Door, number>> = {
	...{ plain: 8080, bounded: 8081, pages: 8082, calls: 8083 },
	...{ strict: 8443, permissive: 8444, mutual: 8445, named: 8446, disabled: 8447 },
};
const ports = { app: 9000, slow: 9001, sockets: 9002, ours: 9443, theirs: 9444, http2: 9100, grpc: 9101 } as const;

describe('the listeners of a virtual gateway', async () => {
	const stack = suiteStack();
	const lab = await createFieldLab(stack);
	const { world } = lab;
	const log = join(lab.folder, 'access.log');
	const [ours, theirs] = ['ours', 'theirs'].map((name) => createAuthority(lab.folder, name));
	assert.ok(ours && theirs);
	const file = ours.issue('door', [DOOR, 'caller.lab.local']);
	const caller = ours.issue('caller', ['caller.lab.local']);
	const ca = readFileSync(ours.path, 'utf8');
	const trust = { file: { certificateChain: ours.path } };
	const tls = (mode: 'DISABLED' | 'PERMISSIVE' | 'STRICT', validation?: object): Partial<Listener> => ({
		tls: { mode, certificate: { file }, ...(validation === undefined ? {} : { validation: { trust, ...validation } }) },
	});
	const listeners: Readonly<Record<Door, Partial<Listener>>> = {
		...{ plain: {}, bounded: { connectionPool: { http: { maxConnections: 1, maxPendingRequests: 1 } } } },
		pages: { portMapping: { port: doors.pages, protocol: 'http2' }, connectionPool: { http2: { maxRequests: 1 } } },
		calls: { portMapping: { port: doors.calls, protocol: 'grpc' }, connectionPool: { grpc: { maxRequests: 1 } } },
		...{ strict: tls('STRICT'), permissive: tls('PERMISSIVE'), disabled: tls('DISABLED'), mutual: tls('STRICT', {}) },
		named: tls('STRICT', { subjectAlternativeNames: { match: { exact: ['caller.lab.local'] } } }),
	};
	const allDoors = Object.keys(doors) as Door[];
	const toService = (name: string) => ({ target: { virtualService: { virtualServiceName: `${name}.lab.local` } } });
	const http = (door: Door, prefix: string, to: string) => ({
		httpRoute: { match: { port: doors[door], prefix }, action: toService(to) },
	});
	const routes: Readonly<Record<string, Spec<'gatewayRoute'>>> = {
		...Object.fromEntries(allDoors.map((door) => [door, http(door, '/', 'app')])),
		bounded: http('bounded', '/', 'slow'),
		pages: { http2Route: { match: { port: doors.pages, prefix: '/' }, action: toService('http2') } },
		calls: { grpcRoute: { match: { port: doors.calls, serviceName: 'a.B' }, action: toService('grpc') } },
		...Object.fromEntries(['sockets', 'ours', 'theirs'].map((name) => [name, http('plain', `/${name}`, name)])),
	};
	const protocolOf = (name: string) => (name === 'http2' || name === 'grpc' ? name : 'http');
	await Promise.all([
		world.serve({ name: 'app', address: remote.v4, port: ports.app }),
		world.serve({ name: 'slow', address: remote.v4, port: ports.slow, delayMs: SLOW_MS }),
		...[ours, theirs].map((authority, at) => {
			const own = pemsOf(authority.issue(`server${at}`, ['server.lab.local']));
			return world.serve({ name: 'secured', address: remote.v4, port: ports.ours + at, tls: { ...own, ca } });
		}),
	]);
	await lab.start(
		[
			mesh(),
			gateway('door', {
				listeners: allDoors.map((door) => ({
					portMapping: { port: doors[door], protocol: 'http' },
					...listeners[door],
				})),
				logging: {
					accessLog: {
						file: {
							path: log,
							format: { text: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% as %REQ(X-KIND)%: %RESPONSE_CODE%\n' },
						},
					},
				},
				backendDefaults: {
					clientPolicy: {
						tls: { ports: [ports.ours, ports.theirs], certificate: { file: caller }, validation: { trust } },
					},
				},
			}),
			...Object.entries(ports).flatMap(([name, port]) => [
				node(name, { port, protocol: protocolOf(name) }),
				serviceOf(`${name}.lab.local`, name),
			]),
			...Object.entries(routes).map(([name, spec]) => gatewayRoute('door', name, spec)),
		],
		{ proxy: 'virtualGateway/door' },
	);
	const far = stack.use(createWirePeer(lab.outside));
	await Promise.all([
		far.serveWebsocket({ name: 'sockets', address: remote.v4, port: ports.sockets }),
		...(['http2', 'grpc'] as const).map((name) =>
			far.serveHttp2({ name, address: remote.v4, port: ports[name], delayMs: SLOW_MS }),
		),
	]);

	const to = (door: Door) => ({ address: host.v4, port: doors[door], host: DOOR });
	const ask = async (door: Door, own?: Pems) => {
		const by = own === undefined ? {} : { tls: { ca, servername: DOOR, ...own } };
		const { status, body } = await world.get({ ...to(door), ...by });
		return status === 200 ? body : status;
	};

	test('STRICT shows its certificate and refuses plain text; PERMISSIVE takes both; DISABLED takes plain text alone', async () => {
		assert.deepEqual([await ask('strict', {}), await ask('strict')], ['app', 0]);
		assert.deepEqual([await ask('permissive', {}), await ask('permissive')], ['app', 'app']);
		assert.deepEqual([await ask('disabled', {}), await ask('disabled')], [0, 'app']);
	});

	test('with a validation a client needs a certificate of a trusted authority, and one of its subjectAlternativeNames', async () => {
		const stranger = pemsOf(theirs.issue('stranger', ['caller.lab.local']));
		const other = pemsOf(ours.issue('other', ['other.lab.local']));
		assert.deepEqual(
			[await ask('mutual', pemsOf(caller)), await ask('mutual', {}), await ask('mutual', stranger)],
			['app', 0, 0],
		);
		assert.deepEqual([await ask('mutual', other), await ask('named', other)], ['app', 0]);
		assert.equal(await ask('named', pemsOf(caller)), 'app');
	});

	test('backendDefaults: a service is spoken to by TLS, with the certificate of the gateway, and of a trusted authority only', async () => {
		const through = async (path: string) => (await world.get({ ...to('plain'), path })).status;
		assert.deepEqual([await through('/ours'), await through('/theirs')], [200, 503]);
	});

	test('a websocket goes both ways', async () => {
		const target = { ...to('plain'), path: '/sockets', say: ['a', 'b'] };
		assert.deepEqual(await far.converse(target), ['sockets', 'a', 'b']);
	});

	const come = <T>(one: () => Promise<T>): Promise<readonly T[]> => Promise.all(Array.from({ length: CLIENTS }, one));
	const isSome = (refused: number) => assert.ok(refused > 0 && refused < CLIENTS, `${refused}`);

	test('connectionPool: a gateway takes no more at a time than it bears, by http, http2 and grpc', async () => {
		const [slow, pages, calls] = await Promise.all([
			come(() => ask('bounded')),
			come(() => far.call({ ...to('pages'), path: '/' })),
			come(() => far.call({ ...to('calls'), path: '/a.B/C', messages: ['hi'] })),
		]);
		isSome(slow.filter((answer) => answer === 503).length);
		isSome(pages.filter(({ status }) => status === 503).length);
		// UNAVAILABLE
		isSome(calls.filter(({ grpcStatus }) => grpcStatus === '14').length);
	});

	test('accessLog: a request is one line, though it passes its Envoy twice', async () => {
		await world.get({ ...to('plain'), path: '/ours/logged', headers: { 'x-kind': 'text' } });
		const lines = await eventually(
			() => (existsSync(log) ? readFileSync(log, 'utf8') : '').split('\n').filter((line) => line.includes('logged')),
			(found) => found.length > 0,
		);
		assert.deepEqual(lines, ['/ours/logged as text: 200']);
	});
});
