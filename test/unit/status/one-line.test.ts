import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusLine } from '../../../src/status/one-line.ts';
import type { Condition } from '../../../src/status/types.ts';

const envoy = { runtime: 'docker', state: 'live', restarts: 0 } as const;
const since = '2026-11-23T05:31:26.120Z';
const well: Condition = { subject: 'rules', ok: true, since };
const wrong = (why: string): Condition => ({ subject: 'envoy', ok: false, since, why, remedy: 'turnout wait' });

test('a healthy host takes a few words', () => {
	const line = statusLine({ is: 'enabled', wanted: 'enabled', envoy, conditions: [well] });
	assert.equal(line, 'interception enabled; envoy live');
});

test('a failed condition is listed with its reason', () => {
	const conditions = [well, wrong('its image is being pulled')];
	const line = statusLine({ is: 'waiting', wanted: 'enabled', envoy: { ...envoy, state: 'pulling' }, conditions });
	assert.equal(line, 'interception waiting, wanted: enabled; envoy pulling; envoy: its image is being pulled');
});

test('waiting rules are not repeated as a condition', () => {
	const rules: Condition = { ...wrong('they wait for Envoy to be LIVE'), subject: 'rules' };
	const shown = { wanted: 'enabled', envoy, conditions: [rules] } as const;
	assert.equal(statusLine({ ...shown, is: 'waiting' }), 'interception waiting, wanted: enabled; envoy live');
	assert.match(statusLine({ ...shown, is: 'degraded' }), /; rules: they wait for Envoy to be LIVE$/);
});

test('any output of Envoy stays on one line of limited length', () => {
	const conditions = [wrong(`it ended:\nREADY=1\n${'x'.repeat(1_000)}`)];
	const line = statusLine({ is: 'degraded', wanted: 'enabled', envoy, conditions });
	assert.equal(line.length, 300);
	assert.match(line, /it ended: READY=1 x+…$/);
});
