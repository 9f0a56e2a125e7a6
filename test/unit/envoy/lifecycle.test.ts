import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pauseMs } from '../../../src/envoy/back-off.ts';
import { exitText } from '../../../src/envoy/exit-text.ts';
import {
	type EnvoyEvent,
	type EnvoyState,
	initialHistory,
	isAway,
	type Retry,
	reduce,
	type SupervisionHistory,
	troubleOf,
} from '../../../src/envoy/lifecycle.ts';

const body = { id: 'pid 1', image: '', since: '2026-11-23T05:31:26.120Z' };
const newBody = { ...body, id: 'pid 2' };
const answer = { version: '1.40.0', listeners: [15000, 15001] };
const newAnswer = { version: '1.41.0', listeners: [15001] };
const retry: Retry = { wasStable: false, isRetryable: true, jitter: 0 };
const pull = { image: 'envoy:v1', layers: [{ id: 'a', status: 'Downloading', current: 1, total: 2 }] };

const states: Readonly<Record<EnvoyState['kind'], EnvoyState>> = {
	absent: { kind: 'absent' },
	pulling: { kind: 'pulling' },
	starting: { kind: 'starting', missing: 'PRE_INITIALIZING', ...body },
	live: { kind: 'live', problem: 'nothing listens on 15001', ...answer, ...body },
	silent: { kind: 'silent', why: 'nobody answers', ...answer, ...body },
	draining: { kind: 'draining', ...answer, ...body },
	failed: { kind: 'failed', why: 'Envoy ended with code 1', retryMs: 250 },
};
const kinds = Object.keys(states) as readonly EnvoyState['kind'][];

const ended: EnvoyEvent = { kind: 'ended', exit: { code: 7, signal: undefined }, lastLine: '', retry };
const failed: EnvoyEvent = { kind: 'failed', why: 'Cannot start Envoy: why', retry };
const failedBecause = (why: string): EnvoyState => ({ kind: 'failed', why, retryMs: 250 });

interface Turn {
	readonly title: string;
	readonly event: EnvoyEvent;
	readonly becomes: (from: EnvoyState['kind']) => EnvoyState;
}

const turns: readonly Turn[] = [
	{
		title: 'a pull is the state only while no Envoy runs',
		event: { kind: 'pulling', pull, isAside: false },
		becomes: (from) => (['live', 'silent', 'draining'].includes(from) ? states[from] : states.pulling),
	},
	{
		title: 'a pull for a replacement does not change the state',
		event: { kind: 'pulling', pull, isAside: true },
		becomes: (from) => states[from],
	},
	{
		title: 'only an Envoy that was live falls silent',
		event: { kind: 'silent', why: 'nobody answers' },
		becomes: (from) => (from === 'live' ? states.silent : states[from]),
	},
	{
		title: 'a silent one that answers is live again',
		event: { kind: 'answers', listeners: [15001] },
		becomes: (from) =>
			from === 'silent' ? { kind: 'live', problem: '', ...answer, ...body, listeners: [15001] } : states[from],
	},
	{ title: 'the end of a pull does not change the state', event: { kind: 'pulled' }, becomes: (from) => states[from] },
	{ title: 'nor does a failed pull', event: { kind: 'not-pulled' }, becomes: (from) => states[from] },
	{
		title: 'one that is started is starting, and nothing is missing yet',
		event: { kind: 'started', instance: newBody, restarts: 0 },
		becomes: () => ({ kind: 'starting', missing: '', ...newBody }),
	},
	{
		title: 'what is missing is reported while it starts',
		event: { kind: 'waiting', missing: 'INITIALIZING' },
		becomes: (from) => (from === 'starting' ? { kind: 'starting', missing: 'INITIALIZING', ...body } : states[from]),
	},
	{
		title: 'ready means live, also for one that takes over from another',
		event: { kind: 'ready', instance: newBody, info: newAnswer },
		becomes: () => ({ kind: 'live', problem: '', ...newAnswer, ...newBody }),
	},
	{
		title: 'only a live one has trouble',
		event: { kind: 'troubled', why: 'no answer' },
		becomes: (from) => (from === 'live' ? { kind: 'live', problem: 'no answer', ...answer, ...body } : states[from]),
	},
	{
		title: 'one that was live drains; without one the state is absent',
		event: { kind: 'drain' },
		becomes: (from) => (from === 'live' || from === 'silent' ? states.draining : states.absent),
	},
	{
		title: 'an end that was not asked for is a failure',
		event: ended,
		becomes: (from) =>
			from === 'draining' || from === 'absent' ? states.absent : failedBecause('Envoy ended with code 7'),
	},
	{ title: 'a failed start is a failure', event: failed, becomes: () => failedBecause('Cannot start Envoy: why') },
];

for (const { title, event, becomes } of turns)
	describe(title, () => {
		for (const from of kinds)
			test(`${from}: ${becomes(from).kind}`, () => {
				assert.deepEqual(reduce({ ...initialHistory, state: states[from] }, event).state, becomes(from));
			});
	});

describe('the history', () => {
	const once: SupervisionHistory = { ...initialHistory, state: states.live };

	test('a pull is shown until it ends, also beside a live Envoy', () => {
		const pulling = reduce(once, { kind: 'pulling', pull, isAside: true });
		assert.deepEqual([pulling.pull, pulling.state.kind], [pull, 'live']);
		for (const kind of ['pulled', 'not-pulled'] as const) assert.equal(reduce(pulling, { kind }).pull, undefined);
	});

	test('pulls are counted by their result; an end without a pull is not', () => {
		const pulling: EnvoyEvent = { kind: 'pulling', pull, isAside: false };
		const events: readonly EnvoyEvent[] = [
			...[pulling, pulling, { kind: 'pulled' } as const, { kind: 'pulled' } as const],
			...[pulling, { kind: 'not-pulled' } as const, pulling, { kind: 'not-pulled' } as const],
		];
		assert.deepEqual(events.reduce(reduce, initialHistory).pulls, { pulled: 1, failed: 2 });
	});

	test('the first start is no restart, a start after an end is', () => {
		const started = reduce(initialHistory, { kind: 'started', instance: body, restarts: 0 });
		assert.equal(started.restarts, 0);
		assert.equal(reduce(started, { kind: 'started', instance: body, restarts: 1 }).restarts, 1);
	});

	test('the last exit stays known when the next Envoy is live, and after an orderly end', () => {
		const again = reduce(reduce(once, ended), { kind: 'ready', instance: body, info: answer });
		assert.equal(again.lastExit, 'ended with code 7');
		assert.equal(reduce({ ...initialHistory, state: states.draining }, ended).lastExit, 'ended with code 7');
	});

	test('an end that was asked for is not counted as a failure', () => {
		assert.equal(reduce({ ...initialHistory, state: states.draining }, ended).failures, 0);
	});
});

describe('an Envoy that fails', () => {
	const after = (events: readonly EnvoyEvent[]): SupervisionHistory => events.reduce(reduce, initialHistory);
	const ready: EnvoyEvent = { kind: 'ready', instance: body, info: answer };
	const whyOf = ({ state }: SupervisionHistory): string => (state.kind === 'failed' ? state.why : '');
	const retryOf = ({ state }: SupervisionHistory): number | undefined => (state.kind === 'failed' ? state.retryMs : -1);

	test('is restarted after pauses that double from 250 ms to 30 s', () => {
		const histories = Array.from({ length: 10 }, (_, at) => after(Array<EnvoyEvent>(at + 1).fill(failed)));
		const pauses = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000];
		assert.deepEqual(histories.map(retryOf), pauses);
		assert.equal(pauseMs(100_000, 0), 30_000);
	});

	test('has pauses that jitter shortens by up to a quarter', () => {
		assert.deepEqual(
			[0, 0.5, 1].map((jitter) => pauseMs(3, jitter)),
			[1_000, 875, 750],
		);
		assert.equal(pauseMs(100, 1), 22_500);
		assert.equal(retryOf(reduce(initialHistory, { ...failed, retry: { ...retry, jitter: 1 } })), 188);
	});

	test('has growing pauses though it was live in between, unless it was stable', () => {
		assert.equal(retryOf(after([ready, ended, ready, ended])), 500);
	});

	test('has the shortest pause after it was stable', () => {
		const stable: EnvoyEvent = { ...ended, retry: { ...retry, wasStable: true } };
		const again = after([ready, ended, ready, ended, ready, ended, ready, stable]);
		assert.deepEqual([retryOf(again), again.failures, whyOf(again)], [250, 1, 'Envoy ended with code 7']);
	});

	test('is reported as a crash loop from the third failure on, with their number', () => {
		assert.equal(whyOf(after([ready, ended, ready, ended])), 'Envoy ended with code 7');
		assert.equal(whyOf(after([ready, ended, failed, ended])), 'Envoy ended with code 7 (3 times in a row)');
		assert.equal(whyOf(after([failed, failed, failed, failed])), 'Cannot start Envoy: why (4 times in a row)');
	});

	test('is not restarted where a retry cannot help', () => {
		const over = reduce(initialHistory, { ...failed, retry: { ...retry, isRetryable: false } });
		assert.deepEqual(over.state, { kind: 'failed', why: 'Cannot start Envoy: why', retryMs: undefined });
	});

	test('is reported with its last line, before the number of failures', () => {
		const bye: EnvoyEvent = { ...ended, lastLine: 'bye' };
		assert.equal(whyOf(after([ready, bye])), 'Envoy ended with code 7; its last line: bye');
		const thrice = after([ready, ended, ready, ended, ready, bye]);
		assert.equal(whyOf(thrice), 'Envoy ended with code 7; its last line: bye (3 times in a row)');
	});
});

describe('an Envoy', () => {
	for (const kind of kinds)
		test(`that is ${kind} ${isAway(states[kind]) ? 'loses' : 'does not lose'} redirected connections`, () => {
			assert.equal(isAway(states[kind]), ['failed', 'silent'].includes(kind));
		});

	test('has trouble while it is live, silent or failed', () => {
		assert.deepEqual(
			kinds.map((kind) => troubleOf(states[kind])).filter((why) => why !== ''),
			['nothing listens on 15001', 'nobody answers', 'Envoy ended with code 1'],
		);
	});
});

describe('the text of an exit', () => {
	const ends: readonly (readonly [Parameters<typeof exitText>[0], string])[] = [
		[{ code: 0, signal: undefined }, 'ended with code 0'],
		[{ code: 134, signal: undefined }, 'ended with code 134'],
		[{ code: undefined, signal: 'SIGKILL' }, 'ended by SIGKILL'],
		[{ code: undefined, signal: 'SIGKILL', isOutOfMemory: true }, 'ended by SIGKILL, out of memory'],
		[{ code: 1, signal: undefined, isOutOfMemory: true }, 'ended with code 1, out of memory'],
		[{ code: 1, signal: undefined, isOutOfMemory: false }, 'ended with code 1'],
		[{ code: undefined, signal: undefined, isRemoved: true }, 'was removed by somebody else'],
		[{ code: 0, signal: undefined, isRestarted: true }, 'was restarted by somebody else'],
		[{ code: undefined, signal: undefined }, 'ended'],
	];
	for (const [exit, text] of ends) test(text, () => assert.equal(exitText(exit), text));
});
