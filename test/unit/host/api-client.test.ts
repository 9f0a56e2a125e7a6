import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createApiClient } from '../../../src/host/control-plane/api-client.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { createAuthority } from '../../support/certificates.ts';

async function portOf(server: Server): Promise<number> {
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return (server.address() as AddressInfo).port;
}

const ask = (address: string, ca?: string) =>
	createApiClient(new URL(address), {
		...{ credentials: undefined, region: 'local', ca, signal: AbortSignal.timeout(10_000) },
		wait: async () => undefined,
	})('GET', '/v20190125/meshes', undefined);

test('https where nobody speaks TLS, and http where somebody does, are told with what to write', async () => {
	using scratch = createScratch('api-client');
	const { certificateChain, privateKey } = createAuthority(scratch.path, 'authority').issue('control', ['127.0.0.1']);
	const files = { cert: readFileSync(certificateChain), key: readFileSync(privateKey) };
	await using plain = createServer((_, reply) => reply.end('{}'));
	await using secure = createTlsServer(files, (_, reply) => reply.end('{}'));
	const [plainPort, securePort] = [await portOf(plain), await portOf(secure)];
	await assert.rejects(ask(`https://127.0.0.1:${plainPort}`), {
		message: `Cannot reach "https://127.0.0.1:${plainPort}": it speaks without TLS`,
		remedy: 'Write http:// where it has no certificate',
	});
	await assert.rejects(ask(`http://127.0.0.1:${securePort}`), {
		message: `Cannot reach "http://127.0.0.1:${securePort}": it hangs up`,
		remedy: 'Write https:// where it has a certificate; see whether turnout control runs there',
	});
	await assert.rejects(ask(`https://127.0.0.1:${securePort}`), {
		message: `Cannot reach "https://127.0.0.1:${securePort}": its certificate is by an authority that is not known here`,
		remedy: 'Name its authority by AWS_CA_BUNDLE',
	});
});
