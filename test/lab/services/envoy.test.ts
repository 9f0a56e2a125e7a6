import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { findEnvoy } from './envoy.ts';

test('a real Envoy is at hand, of the release that the tests are written for', async () => {
	assert.match(execFileSync(await findEnvoy(), ['--version'], { encoding: 'utf8' }), /\/1\.40\.0\//);
});

test('an Envoy that was named and is not there is an error', async () => {
	await assert.rejects(findEnvoy({ TURNOUT_TEST_ENVOY: '/nowhere/envoy' }), /names no file: \/nowhere\/envoy/);
});
