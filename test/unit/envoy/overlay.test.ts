import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { overlay, overlayArguments } from '../../../src/envoy/overlay.ts';
import { matchesGolden } from '../../support/golden.ts';

test('over the bootstrap, whoever wrote that, go a name, an admin socket of its own and a port to read from', () => {
	const access = { instance: '0b8e"7: {}', socketPath: '/run/turnout/control.sock.envoy/0b8e/admin', adminPort: 9901 };
	assert.deepEqual(overlayArguments(access), ['--config-yaml', overlay(access)]);
	const text = `${JSON.stringify(JSON.parse(overlay(access)), null, '\t')}\n`;
	matchesGolden(text, join(import.meta.dirname, 'golden', 'overlay.txt'));
});
