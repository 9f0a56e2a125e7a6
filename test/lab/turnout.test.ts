import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createHost } from './net/host.ts';
import { startDaemon } from './turnout.ts';

describe('a daemon that a test starts', () => {
	const { host, [Symbol.dispose]: dispose } = createHost({ container: false });
	after(dispose);

	test('fails its test where its log has a line that is no event', async () => {
		const warning = '(node:7) TimeoutNegativeWarning: -3.08 is a negative number.';
		const daemon = await startDaemon(host, { through: ['sh', '-c', 'echo "$0" >&2; exec "$@"', warning] });
		assert.equal(daemon.status().is, 'disabled');
		await assert.rejects(async () => daemon[Symbol.asyncDispose](), {
			message: `The daemon's log has lines that are no events:\n${warning}`,
		});
	});

	test('may say at last why it cannot go on', async () => {
		await using daemon = await startDaemon(host, { args: ['--app-ports', 'none'] });
		assert.notEqual(await daemon.ended, 0);
		assert.match(daemon.log(), /^turnout: /m);
	});
});
