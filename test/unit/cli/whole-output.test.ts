// A command ends as soon as it is done, and not before all that it has written is read.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../../support/pages.ts';

/** More than the pipe and its reader hold. */
const many = Array.from({ length: 11_000 }, (_, at) => `10.${at >> 8}.${at & 255}.1`).join(',');

test('a reader that is slow gets all of a long output', async () => {
	const args = [join(root, 'src/main.ts'), 'render', '--json', '--backend', 'nft', '--egress-ignored-ips', many];
	const child = spawn(process.execPath, args, {
		stdio: ['ignore', 'pipe', 'inherit'],
		env: { APPMESH_IGNORE_UID: '1337' },
	});
	const ended = once(child, 'exit');
	// Meanwhile it has filled the pipe, and would like to end.
	await Promise.race([ended, sleep(2_000)]);
	const printed = await text(child.stdout);
	assert.ok(printed.length > 200_000, `only ${printed.length}`);
	assert.ok(Array.isArray(JSON.parse(printed)));
	assert.deepEqual(await ended, [0, null]);
});
