// TLS by certificates in files: of a node's own listeners, and towards the services that it calls.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Spec } from '../../../src/mesh/schema/kinds.ts';
import type { Pems } from '../../lab/net/http-peer.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createAuthority, pemsOf } from '../../support/certificates.ts';
import { createFieldLab } from '../../support/mesh-lab.ts';
import { client, mesh, node, only, service } from '../../support/mesh-parts.ts';
import { suiteStack } from '../../support/suite-stack.ts';

type NodeSpec = Spec<'virtualNode'>;
type ListenerTls = NonNullable<NonNullable<NodeSpec['listeners']>[number]['tls']>;
type ClientTls = NonNullable<NonNullable<NonNullable<NodeSpec['backendDefaults']>['clientPolicy']>['tls']>;

const { remote, host } = addresses;
const ports = { secured: 9443, plain: 9080, mutual: 9444 } as const;
const served = { strict: 8443, permissive: 8444, mutual: 8445, named: 8446 } as const;
const exact = (...names: readonly string[]) => ({ subjectAlternativeNames: { match: { exact: names } } });

interface Row {
	readonly server: keyof typeof ports;
	readonly tls?: ClientTls;
	readonly status: 200 | 503;
}

describe('TLS in a mesh', async () => {
	const lab = await createFieldLab(suiteStack());
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
	};
	const policies = Object.entries(rows).map(([title, row], at) => ({ title, row, name: `policy${at}.lab.local` }));
	const listener = (port: number, mode: ListenerTls['mode'], more: Partial<ListenerTls> = {}) => ({
		...({ portMapping: { port, protocol: 'http' }, tls: { mode, certificate, ...more } } as const),
	});
	const strict: ListenerTls = { mode: 'STRICT', certificate };
	const definitions = [
		mesh(),
		client([], {
			backends: policies.map(({ name, row: { tls } }) => ({
				virtualService: { virtualServiceName: name, ...(tls === undefined ? {} : { clientPolicy: { tls } }) },
			})),
			listeners: [
				listener(served.strict, 'STRICT'),
				listener(served.permissive, 'PERMISSIVE'),
				listener(served.mutual, 'STRICT', { validation: trusting(ours) }),
				listener(served.named, 'STRICT', { validation: trusting(ours, 'caller.lab.local') }),
			],
			serviceDiscovery: { dns: { hostname: host.v4 } },
		}),
		node('secured', { port: ports.secured, tls: strict }),
		node('mutual', { port: ports.mutual, tls: strict }),
		node('plain', { port: ports.plain }),
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
	await lab.start(definitions);

	for (const { title, row, name } of policies)
		test(`a client policy: ${title}`, async () => {
			const { status, body } = await app.get({ address: remote.v4, port: 80, host: name });
			assert.equal(status, row.status, body);
		});

	const ask = (port: keyof typeof served, own?: Pems) =>
		world.get({
			...{ address: host.v4, port: served[port], host: 'client' },
			...(own === undefined ? {} : { tls: { ca, servername: 'client.lab.local', ...own } }),
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
});
