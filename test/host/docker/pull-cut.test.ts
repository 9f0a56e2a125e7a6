// What Docker's answer to a pull may do after the pull has come to nothing.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEngine } from '../../../src/host/docker/engine.ts';
import { pull } from '../../../src/host/docker/pull.ts';
import { createScratch } from '../../lab/net/scratch.ts';

test('an answer that breaks off after it has told of a failure is no more than that failure', async () => {
	using scratch = createScratch('cut');
	const socket = join(scratch.path, 'docker.sock');
	const replies: ServerResponse[] = [];
	const server = createServer((_, reply) => {
		replies.push(reply);
		reply.writeHead(200).write('{"error":"no space left on device"}\n');
	});
	await once(server.listen(socket), 'listening');
	const pulling = {
		...{ engine: await createEngine(socket), stallMs: 10_000 },
		...{ logins: { authFor: async () => undefined }, onProgress: () => undefined },
	};
	await assert.rejects(pull(pulling, 'registry.example/envoy:v1', new AbortController().signal), {
		message: 'Cannot pull registry.example/envoy:v1: no space left on device',
	});
	for (const reply of replies) reply.destroy();
	// An error that nobody listens to would end this process now.
	await sleep(50);
	await new Promise((resolve) => server.close(resolve));
});
