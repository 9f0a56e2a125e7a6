// Text that hopes to be run by a shell, split into words, or obeyed by a terminal, in every field that the socket has.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Method, paths, streams } from '../../../src/localapi/protocol.ts';
import { members } from '../../../src/localapi/validate.ts';
import { createHost } from '../../lab/net/host.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { snapshotHost } from '../../lab/net/snapshot.ts';
import { askSocket, type Reply } from '../../lab/net/socket.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { installOthersRules } from '../../support/daemon.ts';
import { hostileTexts } from '../../support/hostile.ts';
import { isPrintable } from '../../support/printable.ts';
import { suiteStack } from '../../support/suite-stack.ts';

describe('hostile text over the socket', async () => {
	const stack = suiteStack();
	const { host } = stack.use(createHost({ container: false }));
	const { path: folder } = stack.use(createScratch('hostile'));
	installOthersRules(host);
	const daemon = stack.use(await startDaemon(host, { args: ['--app-ports', '8080', '--start-enabled', '1'] }));
	const texts = hostileTexts(join(folder, 'executed'));
	const ask = (verb: string, path: string, body = '') => askSocket(daemon.socket, verb, path, body);
	const fields: Readonly<Record<string, (text: string) => Promise<Reply>>> = {
		'how many lines': (text) => ask('GET', `${streams.logs}?tail=${encodeURIComponent(text)}`),
		'since when': (text) => ask('GET', `${streams.events}?since=${encodeURIComponent(text)}`),
		'whether to follow': (text) => ask('GET', `${streams.events}?follow=${encodeURIComponent(text)}`),
		'the name of a parameter of a stream': (text) => ask('GET', `${streams.logs}?${encodeURIComponent(text)}=1`),
		'a path': (text) => ask('GET', `/${encodeURIComponent(text.slice(0, 2_000))}`),
	};
	const before = { host: snapshotHost(host), log: daemon.log(), status: daemon.status() };

	for (const [what, send] of Object.entries(fields))
		test(`as ${what} is refused before anything is done`, async () => {
			for (const text of texts) assertRefused(await send(text), text);
			assertUntouched();
		});

	for (const [method, known] of Object.entries(members))
		for (const member of Object.keys(known))
			test(`as ${member} of ${method} is refused before anything is done`, async () => {
				const { verb, path } = paths[method as Method];
				for (const text of texts) {
					assertRefused(await ask(verb, path, JSON.stringify({ [member]: text })), text);
					assertRefused(await ask(verb, path, JSON.stringify({ [member]: [text] })), text);
					assertRefused(await ask(verb, path, JSON.stringify({ [member]: { [text]: text } })), text);
				}
				assertUntouched();
			});

	for (const [method, { verb, path }] of Object.entries(paths))
		test(`as a member, a whole body or a parameter of ${method} is refused before anything is done`, async () => {
			for (const text of texts) {
				assertRefused(await ask(verb, path, JSON.stringify({ [text]: text })), text);
				assertRefused(await ask(verb, path, JSON.stringify(text)), text);
				if (text.trim() !== '') assertRefused(await ask(verb, path, text), text);
				assertRefused(await ask(verb, `${path}?${encodeURIComponent(text)}=${encodeURIComponent(text)}`), text);
			}
			assertUntouched();
		});

	function assertRefused({ status, text }: Reply, sent: string): void {
		assert.ok([400, 404, 413, 431].includes(status), `${status} for ${JSON.stringify(sent.slice(0, 80))}: ${text}`);
		// What Node itself refuses, as it is no HTTP, has no body.
		if (status === 431) return;
		const { error } = JSON.parse(text) as { readonly error: Record<string, string> };
		assert.equal(error['code'], 'usage');
		assert.match(error['message'] ?? '', /^Cannot (accept the request: |answer: no such path )/);
		assert.ok(isPrintable(`${error['message']}${error['remedy']}`), JSON.stringify(error));
		assert.ok(text.length < 1_000, text);
	}

	function assertUntouched(): void {
		assert.equal(existsSync(join(folder, 'executed')), false);
		assert.equal(daemon.log(), before.log);
		assert.deepEqual(daemon.status(), before.status);
		assert.deepEqual(snapshotHost(host), before.host);
	}
});
