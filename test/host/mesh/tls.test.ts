// TLS by certificates in files and from a server of them (SDS): of a node's own listeners, and towards the services that it calls.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Spec } from '../../../src/mesh/schema/kinds.ts';
import { createDnsPeer } from '../../lab/net/dns-peer.ts';
import type { Pems } from '../../lab/net/http-peer.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createWirePeer } from '../../lab/net/wire-peer.ts';
import { createAuthority, pemsOf } from '../../support/certificates.ts';
import { eventually } from '../../support/eventually.ts';
import { createFieldLab } from '../../support/mesh-lab.ts';
import { client, mesh, node, only, service, serviceOf } from '../../support/mesh-parts.ts';
import { createSdsServer, type Secrets } from '../../support/sds-server.ts';
import { suiteStack } from '../../support/suite-stack.ts';

type NodeSpec = Spec<'virtualNode'>;
type ListenerTls = NonNullable<NonNullable<NodeSpec['listeners']>[number]['tls']>;
type ClientTls = NonNullable<NonNullable<NonNullable<NodeSpec['backendDefaults']>['clientPolicy']>['tls']>;

const { remote, host } = addresses;
const ports = { secured: 9443, plain: 9080, mutual: 9444, grpc: 9500, tcp: 9501 } as const;
/** Envoy waits two seconds for clusters, and then for listeners; a busy machine is given more. */
const LONGEST_MS = 10_000;
const served = { strict: 8443, permissive: 8444, mutual: 8445, named: 8446, disabled: 8447, handed: 8448 } as const;
const wired = { grpc: 8500, tcp: 8501 } as const;
const exact = (...names: readonly string[]) => ({ subjectAlternativeNames: { match: { exact: names } } });

interface Row {
	readonly server: keyof typeof ports;
	readonly tls?: ClientTls;
	readonly status: 200 | 503;
}

describe('TLS in a mesh', async () => {
	const stack = suiteStack();
	const lab = await createFieldLab(stack);
	const dns = stack.use(createDnsPeer(lab.outside));
	await dns.listen(addresses.world.v4);
	await dns.know('secured.lab.local', { addresses: [remote.v4], ttlSeconds: 60 });
	const { app, world, folder } = lab;
	const [ours, theirs] = [createAuthority(folder, 'ours'), createAuthority(folder, 'theirs')];
	const server = ours.issue('server', ['server.lab.local', 'client.lab.local']);
	const caller = ours.issue('caller', ['caller.lab.local']);
	const stranger = theirs.issue('stranger', ['caller.lab.local']);
	const trusting = (authority: typeof ours, ...names: readonly string[]) => ({
		...{ trust: { file: { certificateChain: authority.path } } },
		...(names.length === 0 ? {} : exact(...names)),
	});
	const certificate = { file: server };
	const sds = (secretName: string) => ({ sds: { secretName } });
	const handing = (name: string, ...names: readonly string[]) => ({
		...{ trust: sds(name) },
		...(names.length === 0 ? {} : exact(...names)),
	});

	const rows: Readonly<Record<string, Row>> = {
		'a server of a trusted authority is spoken to': {
			...{ server: 'secured', tls: { validation: trusting(ours) }, status: 200 },
		},
		'a server of another authority is not': {
			...{ server: 'secured', tls: { validation: trusting(theirs) }, status: 503 },
		},
		'a server with one of the subjectAlternativeNames is spoken to': {
			...{ server: 'secured', tls: { validation: trusting(ours, 'a.b', 'server.lab.local') }, status: 200 },
		},
		'a server with none of them is not': {
			...{ server: 'secured', tls: { validation: trusting(ours, 'other.lab.local') }, status: 503 },
		},
		'a server without TLS is not spoken to where TLS is enforced': {
			...{ server: 'plain', tls: { validation: trusting(ours) }, status: 503 },
		},
		'it is where TLS is not enforced': {
			...{ server: 'plain', tls: { enforce: false, validation: trusting(ours) }, status: 200 },
		},
		'a policy for other ports does not count': {
			...{ server: 'plain', tls: { ports: [1234], validation: trusting(ours) }, status: 200 },
		},
		'a policy for the port counts': {
			...{ server: 'plain', tls: { ports: [ports.plain], validation: trusting(ours) }, status: 503 },
		},
		'without a policy a target with TLS is spoken to by TLS': { server: 'secured', status: 200 },
		"a server that asks for the client's certificate gets it": {
			...{ server: 'mutual', tls: { certificate: { file: caller }, validation: trusting(ours) }, status: 200 },
		},
		'without a certificate to show it refuses': {
			...{ server: 'mutual', tls: { validation: trusting(ours) }, status: 503 },
		},
		'with one of another authority too': {
			...{ server: 'mutual', tls: { certificate: { file: stranger }, validation: trusting(ours) }, status: 503 },
		},
		'a certificate and an authority that SDS hands out are used': {
			...{ server: 'mutual', tls: { certificate: sds('caller'), validation: handing('ours') }, status: 200 },
		},
		'a certificate of another authority that SDS hands out is refused': {
			...{ server: 'mutual', tls: { certificate: sds('stranger'), validation: handing('ours') }, status: 503 },
		},
		'a server of another authority than SDS hands out is not spoken to': {
			...{ server: 'secured', tls: { validation: handing('theirs') }, status: 503 },
		},
		'subjectAlternativeNames count with an authority from SDS, too': {
			...{ server: 'secured', tls: { validation: handing('ours', 'server.lab.local') }, status: 200 },
		},
		'and are refused if the server has none of them': {
			...{ server: 'secured', tls: { validation: handing('ours', 'other.lab.local') }, status: 503 },
		},
	};
	const policies = Object.entries(rows).map(([title, row], at) => ({ title, row, name: `policy${at}.lab.local` }));
	const listener = (port: number, mode: ListenerTls['mode'], more: Partial<ListenerTls> = {}) => ({
		...({ portMapping: { port, protocol: 'http' }, tls: { mode, certificate, ...more } } as const),
	});
	const strict: ListenerTls = { mode: 'STRICT', certificate };
	const definitions = [
		mesh(),
		client([], {
			backends: [
				...policies.map(({ name, row: { tls } }) => ({
					virtualService: { virtualServiceName: name, ...(tls === undefined ? {} : { clientPolicy: { tls } }) },
				})),
				...['sni', 'calls', 'rows'].map((name) => ({ virtualService: { virtualServiceName: `${name}.lab.local` } })),
			],
			listeners: [
				listener(served.strict, 'STRICT'),
				listener(served.permissive, 'PERMISSIVE'),
				listener(served.mutual, 'STRICT', { validation: trusting(ours) }),
				listener(served.named, 'STRICT', { validation: trusting(ours, 'caller.lab.local') }),
				...(['grpc', 'tcp'] as const).map((protocol) => ({
					...{ portMapping: { port: wired[protocol], protocol }, tls: strict },
				})),
				listener(served.disabled, 'DISABLED'),
				listener(served.handed, 'STRICT', { certificate: sds('server'), validation: handing('ours') }),
			],
			serviceDiscovery: { dns: { hostname: host.v4 } },
		}),
		node('secured', { port: ports.secured, tls: strict }),
		node('mutual', { port: ports.mutual, tls: strict }),
		node('plain', { port: ports.plain }),
		node('sni', { port: ports.secured, tls: strict, hostname: 'secured.lab.local' }),
		serviceOf('sni.lab.local', 'sni'),
		...[node('calls', { port: ports.grpc, protocol: 'grpc', tls: strict }), serviceOf('calls.lab.local', 'calls')],
		...[node('rows', { port: ports.tcp, protocol: 'tcp', tls: strict }), serviceOf('rows.lab.local', 'rows')],
		...policies.flatMap(({ name, row }) =>
			service(name, { routes: { only: { httpRoute: { match: { prefix: '/' }, action: only(row.server) } } } }),
		),
	];
	const ca = readFileSync(ours.path, 'utf8');
	await Promise.all([
		world.serve({ name: 'secured', address: remote.v4, port: ports.secured, tls: pemsOf(server) }),
		world.serve({ name: 'mutual', address: remote.v4, port: ports.mutual, tls: { ...pemsOf(server), ca } }),
		world.serve({ name: 'plain', address: remote.v4, port: ports.plain }),
		...Object.values(served).map((port) => app.serve({ name: 'app', address: '127.0.0.1', port })),
	]);
	const secrets: Secrets = {
		...{ server: pemsOf(server), caller: pemsOf(caller), stranger: pemsOf(stranger) },
		...{ ours: { ca }, theirs: { ca: readFileSync(theirs.path, 'utf8') } },
	};
	const socket = join(folder, 'sds');
	const handed = stack.use(createSdsServer(secrets));
	const daemon = await lab.start(definitions, { env: { APPMESH_SDS_SOCKET_PATH: socket } });

	const ask = (port: keyof typeof served, own?: Pems, servername = 'client.lab.local') =>
		world.get({
			...{ address: host.v4, port: served[port], host: 'client' },
			...(own === undefined ? {} : { tls: { ca, servername, ...own } }),
		});

	test('while nobody hands out certificates Envoy is LIVE within seconds, and refuses only what needs them', async () => {
		const timeOf = (event: string) =>
			Date.parse(new RegExp(`"time":"([^"]*)"[^\\n]*"event":"${event}"`).exec(daemon.log())?.[1] ?? '');
		assert.ok(timeOf('envoy live') - timeOf('envoy starting') < LONGEST_MS, daemon.log());
		assert.equal((await ask('strict', {})).body, 'app');
		assert.equal((await ask('handed', pemsOf(caller))).status, 0);
		await handed.listen(socket);
		await eventually(
			() => handed.accepted(),
			(names) => names.length === Object.keys(secrets).length,
		);
	});

	for (const { title, row, name } of policies)
		test(`a client policy: ${title}`, async () => {
			const { status, body } = await app.get({ address: remote.v4, port: 80, host: name });
			assert.equal(status, row.status, body);
		});

	test('a server is told by SNI which hostname is meant', async () => {
		const { headers } = await app.get({ address: remote.v4, port: ports.secured, host: 'sni.lab.local' });
		assert.equal(headers['x-servername'], 'secured.lab.local');
	});

	test('a listener with STRICT shows its certificate, and refuses plain text', async () => {
		assert.equal((await ask('strict', {})).body, 'app');
		assert.equal((await ask('strict')).status, 0);
	});

	test('a listener with PERMISSIVE takes both', async () => {
		assert.equal((await ask('permissive', {})).body, 'app');
		assert.equal((await ask('permissive')).body, 'app');
	});

	test('a listener with a validation asks for a certificate of an authority that it trusts', async () => {
		assert.equal((await ask('mutual', pemsOf(caller))).body, 'app');
		assert.equal((await ask('mutual', {})).status, 0);
		assert.equal((await ask('mutual', pemsOf(stranger))).status, 0);
	});

	test('a listener with subjectAlternativeNames asks for one of these names', async () => {
		assert.equal((await ask('named', pemsOf(caller))).body, 'app');
		assert.equal((await ask('named', pemsOf(server))).status, 0);
	});

	test('gRPC and raw TCP go by TLS too, to services and from clients', async () => {
		const [far, near] = [createWirePeer(lab.outside), createWirePeer(lab.host, { uid: 1000 })].map((peer) =>
			stack.use(peer),
		);
		assert.ok(far && near);
		const own = { address: '127.0.0.1', name: 'app' };
		const theirs = { address: remote.v4, tls: pemsOf(server), name: 'secured' };
		await Promise.all([
			far.serveHttp2({ ...theirs, port: ports.grpc }),
			far.serveOpen({ ...theirs, port: ports.tcp }),
			near.serveHttp2({ ...own, port: wired.grpc }),
			near.serveOpen({ ...own, port: wired.tcp }),
		]);
		const call = { path: '/a.B/C', messages: ['hi'], host: 'calls.lab.local' };
		const out = await near.call({ ...call, address: remote.v4, port: ports.grpc });
		const into = await far.call({ ...call, address: host.v4, port: wired.grpc, tls: {} });
		assert.deepEqual([...out.messages, ...into.messages], ['secured: hi', 'app: hi']);
		assert.deepEqual(await near.converse({ address: remote.v4, port: ports.tcp, say: ['a'] }), ['secured', 'a']);
		assert.deepEqual(await far.converse({ address: host.v4, port: wired.tcp, tls: {}, say: ['a'] }), ['app', 'a']);
	});

	test('a listener with DISABLED takes plain text alone, whatever certificate it names', async () => {
		assert.equal((await ask('disabled')).body, 'app');
		assert.equal((await ask('disabled', {})).status, 0);
	});

	test('a listener shows and trusts what SDS hands out, and what is renewed there at once', async () => {
		assert.equal((await ask('handed', pemsOf(caller))).body, 'app');
		assert.equal((await ask('handed', pemsOf(stranger))).status, 0);
		assert.equal((await ask('handed', {})).status, 0);
		const renewed = 'renewed.lab.local';
		assert.equal((await ask('handed', pemsOf(caller), renewed)).status, 0);
		handed.renew({ ...secrets, server: pemsOf(ours.issue('renewed', [renewed])) });
		await eventually(
			() => ask('handed', pemsOf(caller), renewed),
			({ body }) => body === 'app',
		);
	});
});
