import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { plain } from '../../../src/cli/paint.ts';
import { withStatus } from '../../../src/commands/doctor/examine.ts';
import { findingsJson, findingsText } from '../../../src/commands/doctor.ts';
import { type Finding, failure, findingOf, unknown, warning, well } from '../../../src/doctor/finding.ts';
import type { Condition } from '../../../src/status/types.ts';
import { matchesGolden } from '../../support/golden.ts';

const found: readonly Finding[] = [
	well('settings'),
	well('conntrack', '12 of 262144 connections'),
	warning('clock', 'it is not synchronised', 'Set it'),
	failure('ports', 'port 15001 is held by nc (pid 7)\u001b[2J', 'End it'),
	unknown('order', 'not looked at: this process lacks CAP_NET_ADMIN', 'Be root'),
	unknown('firewall', 'not looked at: this process lacks CAP_NET_ADMIN', 'Be root'),
	well('disk'),
];

test('a line for each check, with the reason, and the remedy below it; one that several share is told once', () => {
	matchesGolden(findingsText(found, plain), join(import.meta.dirname, 'golden', 'findings.txt'));
});

test('as JSON: whether nothing fails, and the same for each check', () => {
	const { ok, checks } = JSON.parse(findingsJson(found));
	matchesGolden(
		`${JSON.stringify({ ok, checks }, null, '\t')}\n`,
		join(import.meta.dirname, 'golden', 'findings.json'),
	);
	const well = found.filter(({ state }) => state !== 'failure');
	assert.equal(JSON.parse(findingsJson(well)).ok, true);
});

test('what status reports without failing is a warning, and all else that is wrong a failure', () => {
	const why = { ok: false, why: 'so', remedy: 'Do that' } as const;
	assert.equal(findingOf({ subject: 'denials', ...why }).state, 'warning');
	assert.equal(findingOf({ subject: 'firewall', ...why }).state, 'failure');
	assert.deepEqual(findingOf({ subject: 'firewall', ok: true }, 'all is well'), well('firewall', 'all is well'));
});

const since = '2026-11-23T05:31:26.120Z';
const wrong = (subject: Condition['subject'], why: string): Condition => ({
	...{ subject, ok: false, since, why, remedy: 'Do that' },
});

test('beside a daemon, what either finds wrong is told, once', () => {
	const conditions = [wrong('ports', 'taken'), wrong('routes', 'gone')];
	const own = [failure('ports', 'taken', 'Do that'), well('routes'), well('clock')];
	const states = withStatus(own, { conditions }).map(({ check, state }) => `${check} ${state}`);
	assert.deepEqual(states, ['ports failure', 'clock ok', 'routes warning']);
});

test('what this user may not see, the daemon does; and what only it knows is told', () => {
	const conditions: readonly Condition[] = [
		{ subject: 'order', ok: true, since },
		{ subject: 'repairs', ok: true, since },
		wrong('firewall', 'it drops'),
	];
	const own = [
		unknown('order', 'no', 'Be root'),
		unknown('firewall', 'no', 'Be root'),
		unknown('kernel', 'no', 'Be root'),
	];
	const states = withStatus(own, { conditions }).map(({ check, state }) => `${check} ${state}`);
	assert.deepEqual(states, ['kernel unknown', 'order ok', 'repairs ok', 'firewall failure']);
});

test('two reasons of one check are both told', () => {
	const conditions = [wrong('settings', 'appPorts was not confirmed')];
	const own = [failure('settings', 'appPorts: "x" is not a port', 'Mend it')];
	assert.equal(withStatus(own, { conditions }).length, 2);
});
