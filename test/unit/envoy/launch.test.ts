import assert from 'node:assert/strict';
import { test } from 'node:test';
import { envoyArguments, envoyGid, envoyUid } from '../../../src/envoy/launch.ts';
import { parsePort } from '../../../src/units.ts';

test('Envoy is told its bootstrap and how much to log, shares no memory with another, and writes its log at once', () => {
	const settings = { command: 'envoy', logLevel: 'warning', adminPort: parsePort('9901') };
	const args = envoyArguments(settings, '/var/lib/turnout/envoy.json').join(' ');
	assert.match(args, /--config-path \/var\/lib\/turnout\/envoy\.json/);
	assert.match(args, /--log-level warning/);
	assert.match(args, /--disable-hot-restart/);
	const [, interval] = /--file-flush-interval-msec (\d+)/.exec(args) ?? [];
	assert.ok(Number(interval) <= 1_000);
});

test('Envoy runs as the first user and group that are ignored, or nobody of them', () => {
	assert.equal(
		envoyUid([
			{ from: 1337, to: 1340 },
			{ from: 7, to: 7 },
		]),
		1337,
	);
	assert.equal(envoyGid([{ from: 4242, to: 4242 }]), 4242);
	assert.deepEqual([envoyUid([]), envoyGid([])], [undefined, undefined]);
});
