import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { plain } from '../../../src/cli/paint.ts';
import { configText, differencesText, eventText, openText, statusText } from '../../../src/cli/text.ts';
import type { Condition, Status } from '../../../src/status/types.ts';
import { matchesGolden } from '../../support/golden.ts';
import { isPrintable } from '../../support/printable.ts';

const golden = (name: string): string => join(import.meta.dirname, 'golden', name);
const since = '2026-11-23T05:31:26.120Z';
const nowMs = Date.parse('2026-11-26T05:31:26.120Z');
const well = (['rules', 'routes', 'envoy', 'ipv6'] as const).map(
	(subject): Condition => ({ subject, ok: true, since }),
);

const enabled: Status = {
	version: '0.1.0',
	wanted: 'enabled',
	is: 'enabled',
	since,
	backend: { name: 'iptables-nft', why: "Docker's rules are there" },
	families: ['ipv4', 'ipv6'],
	envoy: { runtime: 'process', state: 'live', version: '1.40.0', id: 'pid 4711', restarts: 0, since },
	conditions: well,
	repairs: { count: 0 },
	counters: { ingress: { connections: 12 }, egress: { connections: 40, direct: 3 }, dropped: 2, rules: [] },
	bypassing: 0,
	existing: 0,
};

const wrong = (subject: Condition['subject'], why: string): Condition[] =>
	well.map((condition) =>
		condition.subject === subject ? { subject, ok: false, since, why, remedy: 'Do that' } : condition,
	);

const statuses: Readonly<Record<string, Status>> = {
	enabled,
	disabled: {
		...enabled,
		wanted: 'disabled',
		is: 'disabled',
		envoy: { runtime: 'none', state: 'unmanaged', restarts: 0 },
	},
	degraded: {
		...enabled,
		is: 'degraded',
		conditions: wrong('rules', '1 line differs from the desired state, first: missing in nat: -A X'),
	},
	waiting: {
		...enabled,
		is: 'waiting',
		envoy: { runtime: 'process', state: 'starting', id: 'pid 4711', restarts: 0 },
		conditions: wrong('rules', 'they wait for Envoy to be LIVE'),
	},
	failed: {
		...enabled,
		envoy: { runtime: 'process', state: 'failed', restarts: 0 },
		conditions: wrong('envoy', 'Envoy ended by SIGKILL'),
	},
	bypassing: { ...enabled, bypassing: 3, existing: 3 },
	'bypassing IPv6': { ...enabled, families: ['ipv4'], conditions: wrong('ipv6', 'IPv6 bypasses Envoy: ipv6 is 0') },
};

test('status shows desired and actual state, what is wrong and the remedy', () => {
	const texts = Object.entries(statuses).map(([name, status]) => `--- ${name}\n${statusText(status, { nowMs })}`);
	matchesGolden(texts.join(''), golden('status.txt'));
});

test('the last output of Envoy cannot control the terminal', () => {
	const text = statusText({ ...enabled, conditions: wrong('envoy', 'its last line: \u001b[2J\u009b31m\r\u0007') });
	for (const line of text.split('\n')) assert.ok(isPrintable(line), JSON.stringify(line));
});

test('each difference is a line with a sign: missing, surplus, misplaced', () => {
	const difference = { family: 'ipv6', table: 'nat', line: '-A OUTPUT -j X' } as const;
	const kinds = ['missing', 'surplus', 'misplaced'] as const;
	assert.equal(
		differencesText({ same: false, differences: kinds.map((kind) => ({ kind, ...difference })) }),
		'+ ipv6 nat: -A OUTPUT -j X\n- ipv6 nat: -A OUTPUT -j X\n~ ipv6 nat: -A OUTPUT -j X\n',
	);
	assert.equal(differencesText({ same: true, differences: [] }), 'The host is in the desired state\n');
});

test('settings are in columns, empty ones are shown as none, long values do not widen the columns, and what presets add follows', () => {
	const settings = [
		{ key: 'appPorts', value: '8080', origin: 'APPMESH_APP_PORTS' },
		{ key: 'ignoreGids', value: '', origin: 'default' },
		{ key: 'egressIgnoredIps', value: `10.0.0.0/8,${'1'.repeat(60)}`, origin: '--egress-ignored-ips' },
	];
	assert.equal(
		configText({
			settings,
			presets: [{ preset: 'host-agents', key: 'ignoreUids', value: '_apt,cwagent' }],
			notices: ['a notice'],
		}),
		[
			`appPorts          ${'8080'.padEnd(40)}  APPMESH_APP_PORTS`,
			`ignoreGids        ${'(none)'.padEnd(40)}  default`,
			`egressIgnoredIps  10.0.0.0/8,${'1'.repeat(60)}  --egress-ignored-ips`,
			'host-agents adds to ignoreUids: _apt,cwagent',
			'a notice\n',
		].join('\n'),
	);
});

test('moments say how long ago they were, in the largest unit that fits', () => {
	const textOf = (ms: number) =>
		/^interception .*\((.*)\)$/m.exec(statusText(enabled, { nowMs: Date.parse(since) + ms }))?.[1];
	const [s, min, h] = [1_000, 60_000, 3_600_000];
	const moments = [-5 * s, 0, 59 * s, 60 * s, 59 * min, 60 * min, 47 * h, 48 * h].map(textOf);
	const said = ['just now', 'just now', '59 s ago', '1 min ago', '59 min ago', '1 h ago', '47 h ago', '2 days ago'];
	assert.deepEqual(moments, said);
});

test('what is wrong is red on a terminal and what is well is green', () => {
	const text = statusText(
		{ ...enabled, conditions: wrong('rules', 'x') },
		{ paint: (style, of) => `<${style}>${of}</>` },
	);
	assert.match(text, /^ {2}<red>!!<\/> {2}rules: x$/m);
	assert.match(text, /^ {2}<green>ok<\/> {2}routes$/m);
});

test('an event is a line with its day, its level where it is not information, and its fields', () => {
	const line = (level: string) =>
		JSON.stringify({ time: since, level, event: 'interception enabled', backend: 'nft', why: 'it is the only one' });
	const rest = 'interception enabled backend=nft why="it is the only one"';
	assert.equal(eventText(line('info'), plain), `2026-11-23 05:31:26 ${rest}`);
	assert.equal(eventText(line('warn'), plain), `2026-11-23 05:31:26 warn: ${rest}`);
	assert.match(
		eventText(line('error'), (style, text) => `${style} ${text}`),
		/^red 2026-11-23 05:31:26 error: /,
	);
});

test('the open connections are printed after a drain only', () => {
	assert.equal(openText(0), 'All connections through Envoy have ended\n');
	assert.equal(openText(1), '1 connection through Envoy is still open\n');
	assert.equal(openText(2), '2 connections through Envoy are still open\n');
	assert.equal(openText(undefined), '');
});

test('the line of a mesh: its node, who has accepted it and since when, and whether that is what is defined', () => {
	const node = 'mesh/m/virtualNode/a';
	const [defect, fine]: readonly Condition[] = [
		{ subject: 'mesh', ok: false, since, why: 'x', remedy: 'y' },
		{ subject: 'mesh', ok: true, since },
	];
	const lineOf = (mesh: Partial<NonNullable<Status['mesh']>>, condition = fine) => {
		const own = { node, version: '1', connected: 0, settled: 0, followed: true };
		const status = { ...enabled, mesh: { ...own, ...mesh }, conditions: condition ? [condition] : [] };
		return /^mesh +(.*)$/m.exec(statusText(status, { nowMs }))?.[1];
	};
	const at = '2026-11-23 05:31:26 UTC (3 days ago)';
	assert.equal(lineOf({ connected: 0, settled: 0 }), `${node}, and no Envoy asks for it`);
	assert.equal(lineOf({ connected: 1, settled: 0 }), `${node}, not accepted yet`);
	assert.equal(lineOf({ connected: 1, settled: 1, acceptedAt: since }), `${node}, accepted since ${at}`);
	assert.equal(lineOf({ connected: 2, settled: 1, acceptedAt: since }), `${node}, accepted by 1 of 2 Envoys`);
	assert.equal(lineOf({ connected: 2, settled: 2, acceptedAt: since }), `${node}, accepted by 2 Envoys since ${at}`);
	assert.equal(
		lineOf({ connected: 1, settled: 1, acceptedAt: since }, defect),
		`${node}, accepted since ${at}; what is defined now is not in force`,
	);
	assert.equal(
		lineOf({ connected: 1, settled: 1, acceptedAt: since, followed: false }, defect),
		`${node}, accepted since ${at}; what is defined now is not known`,
	);
});
