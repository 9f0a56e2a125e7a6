import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Life, type LifeEvent, next } from '../../../src/envoy/life.ts';

const at = '2026-11-23T05:31:26.120Z';
const absent: Life = { kind: 'absent' };
const starting: Life = { kind: 'starting', id: 'pid 1' };
const live: Life = { kind: 'live', id: 'pid 1', version: '1.40.0', since: at };
const draining: Life = { kind: 'draining', id: 'pid 1', version: '1.40.0' };
const failed: Life = { kind: 'failed', why: 'Envoy ended with code 1' };

const started: LifeEvent = { kind: 'started', id: 'pid 1' };
const ready: LifeEvent = { kind: 'ready', version: '1.40.0', at };
const drain: LifeEvent = { kind: 'drain' };
const exited = (code: number | undefined, signal?: string, lastLine = ''): LifeEvent => ({
	kind: 'exited',
	exit: { code, signal },
	lastLine,
});

const turns: readonly (readonly [title: string, from: Life, event: LifeEvent, to: Life])[] = [
	['started, it is starting', absent, started, starting],
	['started again after a failure, it is starting', failed, started, starting],
	['ready, it is live since then', starting, ready, live],
	['who is not starting does not become live', absent, ready, absent],
	['what is live already keeps its time', live, { ...ready, at: 'later' } as LifeEvent, live],
	['an Envoy that failed is not live because a late answer says so', failed, ready, failed],
	['told to drain, it drains', live, drain, draining],
	['told to drain while it starts, nothing is left to wait for', starting, drain, absent],
	['the end of one that drained is no failure', draining, exited(0), absent],
	['the end of one that was stopped while it started is no failure', absent, exited(undefined, 'SIGTERM'), absent],
	['an end by itself is a failure with its code', live, exited(1), failed],
	['an end while it starts is a failure too', starting, exited(1), failed],
	[
		'killed, it is told with the signal and its last words',
		live,
		exited(undefined, 'SIGKILL', 'bye'),
		{ kind: 'failed', why: 'Envoy ended by SIGKILL; its last line: bye' },
	],
	[
		'even an orderly end is a failure where nobody asked for it',
		live,
		exited(0),
		{ kind: 'failed', why: 'Envoy ended with code 0' },
	],
];

for (const [title, from, event, to] of turns) test(title, () => assert.deepEqual(next(from, event), to));
