import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { askSocket } from '../../lab/net/socket.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { backends } from '../../support/dialects.ts';
import { ownRules } from '../../support/own-rules.ts';
import { answers, createTalkingHost } from '../../support/talking-host.ts';

/** A host on which nobody else tracks connections: what a kernel has never seen before it cannot know to be old. */
for (const { backend } of backends)
	test(`on a bare ${backend} host open connections go on, whatever happens to the rules`, async (context) => {
		using place = await createTalkingHost();
		const { lab, sshd, ingress, open } = place;
		const args = ['--backend', backend, '--app-ports', '8080'];
		await using daemon = await startDaemon(lab.host, { args });
		const post = async (method: 'enable' | 'disable') => {
			const { status, text } = await askSocket(daemon.socket, 'POST', `/v1/${method}`);
			assert.equal(status, 200, text);
		};

		for (const family of ['v4', 'v6'] as const) {
			const ssh = await open('world', addresses.host[family], 22);
			const out = await open('host', addresses.remote[family], 443);
			const into = await open('world', addresses.host[family], 8080);
			await post('enable');
			await context.test(`enable, ${family}: an SSH session on which the host speaks first`, async () => {
				sshd.say('hello');
				assert.equal(await ssh.receive(), 'sshd says hello');
			});
			await context.test(`enable, ${family}: a connection out, and one in`, async () => {
				assert.equal(await answers(out, 'on'), 'remote hears on');
				assert.equal(await answers(into, 'on'), 'app hears on');
			});

			const capturedOut = await open('host', addresses.remote[family], 443);
			const capturedIn = await open('world', addresses.host[family], 8080);
			assert.equal(await answers(capturedOut, 'new'), 'egress hears new');
			assert.equal(await answers(capturedIn, 'new'), 'ingress hears new');
			await post('disable');
			await context.test(`disable, ${family}: a captured connection out, and one in`, async () => {
				assert.equal(await answers(capturedOut, 'off'), 'egress hears off');
				assert.equal(await answers(capturedIn, 'off'), 'ingress hears off');
				ingress.say('still here');
				assert.equal(await capturedIn.receive(), 'ingress says still here');
			});
			for (const talker of [ssh, out, into, capturedOut, capturedIn]) talker[Symbol.dispose]();
		}

		await context.test('when the last captured connection has ended nothing of ours is left', async () => {
			await askSocket(daemon.socket, 'POST', '/v1/disable', JSON.stringify({ drainSeconds: 30 }));
			assert.equal(ownRules(lab.host, backend), '');
		});
	});
