import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exitText, pauseMs } from '../../../src/envoy/exit-text.ts';
import {
	type EnvoyEvent,
	type EnvoyState,
	initialHistory,
	type Retry,
	reduce,
	type SupervisionHistory,
} from '../../../src/envoy/lifecycle.ts';

const body = { id: 'pid 1', image: '', since: '2026-11-23T05:31:26.120Z' };
const newBody = { ...body, id: 'pid 2' };
const answer = { version: '1.40.0', listeners: [15000, 15001] };
const newAnswer = { version: '1.41.0', listeners: [15001] };
const retry: Retry = { wasStable: false, isRetryable: true, jitter: 0 };
const pull = { image: 'envoy:v1', layers: [{ id: 'a', status: 'Downloading', current: 1, total: 2 }] };

const lives: Readonly<Record<EnvoyState['kind'], EnvoyState>> = {
	absent: { kind: 'absent' },
	pulling: { kind: 'pulling' },
	starting: { kind: 'starting', missing: 'PRE_INITIALIZING', ...body },
	live: { kind: 'live', trouble: 'nothing listens on 15001', ...answer, ...body },
	silent: { kind: 'silent', why: 'nobody answers', ...answer, ...body },
	draining: { kind: 'draining', ...answer, ...body },
	failed: { kind: 'failed', why: 'Envoy ended with code 1', retryMs: 250 },
};
const kinds = Object.keys(lives) as readonly EnvoyState['kind'][];

const ended: EnvoyEvent = { kind: 'ended', exit: { code: 7, signal: undefined }, lastLine: '', retry };
const failed: EnvoyEvent = { kind: 'failed', why: 'Cannot start Envoy: why', retry };
const failedWith = (why: string): EnvoyState => ({ kind: 'failed', why, retryMs: 250 });

interface Turn {
	readonly title: string;
	readonly event: EnvoyEvent;
	readonly becomes: (from: EnvoyState['kind']) => EnvoyState;
}

const turns: readonly Turn[] = [
	{
		title: 'while an image is pulled only one who runs goes on',
		event: { kind: 'pulling', pull, isAside: false },
		becomes: (from) => (['live', 'silent', 'draining'].includes(from) ? lives[from] : lives.pulling),
	},
	{
		title: 'a pull for a replacement is no matter of the one that is to be replaced',
		event: { kind: 'pulling', pull, isAside: true },
		becomes: (from) => lives[from],
	},
	{
		title: 'silent is one that was live, whoever says what of it',
		event: { kind: 'silent', why: 'nobody answers' },
		becomes: (from) => (from === 'live' ? lives.silent : lives[from]),
	},
	{
		title: 'one that was silent and answers is live again',
		event: { kind: 'answers', listeners: [15001] },
		becomes: (from) =>
			from === 'silent' ? { kind: 'live', trouble: '', ...answer, ...body, listeners: [15001] } : lives[from],
	},
	{ title: 'the end of a pull starts nothing yet', event: { kind: 'pulled' }, becomes: (from) => lives[from] },
	{ title: 'nor does a pull that fails end anything', event: { kind: 'not-pulled' }, becomes: (from) => lives[from] },
	{
		title: 'whoever is started is starting, and nothing is known yet to be missing',
		event: { kind: 'started', instance: newBody, restarts: 0 },
		becomes: () => ({ kind: 'starting', missing: '', ...newBody }),
	},
	{
		title: 'what is missing is of interest while it starts',
		event: { kind: 'waiting', missing: 'INITIALIZING' },
		becomes: (from) => (from === 'starting' ? { kind: 'starting', missing: 'INITIALIZING', ...body } : lives[from]),
	},
	{
		title: 'ready is live, also where it takes over from another',
		event: { kind: 'ready', instance: newBody, info: newAnswer },
		becomes: () => ({ kind: 'live', trouble: '', ...newAnswer, ...newBody }),
	},
	{
		title: 'trouble is the trouble of one that is live',
		event: { kind: 'troubled', why: 'no answer' },
		becomes: (from) => (from === 'live' ? { kind: 'live', trouble: 'no answer', ...answer, ...body } : lives[from]),
	},
	{
		title: 'told to drain, one that was live drains; of others nothing is left to wait for',
		event: { kind: 'drain' },
		becomes: (from) => (from === 'live' || from === 'silent' ? lives.draining : lives.absent),
	},
	{
		title: 'the end is a failure unless it was asked for',
		event: ended,
		becomes: (from) =>
			from === 'draining' || from === 'absent' ? lives.absent : failedWith('Envoy ended with code 7'),
	},
	{ title: 'a failure is a failure', event: failed, becomes: () => failedWith('Cannot start Envoy: why') },
];

for (const { title, event, becomes } of turns)
	describe(title, () => {
		for (const from of kinds)
			test(`${from}: ${becomes(from).kind}`, () => {
				assert.deepEqual(reduce({ ...initialHistory, state: lives[from] }, event).state, becomes(from));
			});
	});

describe('what is remembered', () => {
	const once: SupervisionHistory = { ...initialHistory, state: lives.live };

	test('a pull is shown until it is over, also beside an Envoy that is live', () => {
		const pulling = reduce(once, { kind: 'pulling', pull, isAside: true });
		assert.deepEqual([pulling.pull, pulling.state.kind], [pull, 'live']);
		for (const kind of ['pulled', 'not-pulled'] as const) assert.equal(reduce(pulling, { kind }).pull, undefined);
	});

	test('pulls are counted by how they ended; where there was nothing to pull none is', () => {
		const pulling: EnvoyEvent = { kind: 'pulling', pull, isAside: false };
		const events: readonly EnvoyEvent[] = [
			...[pulling, pulling, { kind: 'pulled' } as const, { kind: 'pulled' } as const],
			...[pulling, { kind: 'not-pulled' } as const, pulling, { kind: 'not-pulled' } as const],
		];
		assert.deepEqual(events.reduce(reduce, initialHistory).pulls, { pulled: 1, failed: 2 });
	});

	test('a start after an end is a restart, the first one is none', () => {
		const started = reduce(initialHistory, { kind: 'started', instance: body, restarts: 0 });
		assert.equal(started.restarts, 0);
		assert.equal(reduce(started, { kind: 'started', instance: body, restarts: 1 }).restarts, 1);
	});

	test('how the last one ended stays known when the next one is live, and after an orderly end', () => {
		const again = reduce(reduce(once, ended), { kind: 'ready', instance: body, info: answer });
		assert.equal(again.lastExit, 'ended with code 7');
		assert.equal(reduce({ ...initialHistory, state: lives.draining }, ended).lastExit, 'ended with code 7');
	});

	test('an end that was asked for is not counted as a failure', () => {
		assert.equal(reduce({ ...initialHistory, state: lives.draining }, ended).failures, 0);
	});
});

describe('an Envoy that fails', () => {
	const after = (events: readonly EnvoyEvent[]): SupervisionHistory => events.reduce(reduce, initialHistory);
	const ready: EnvoyEvent = { kind: 'ready', instance: body, info: answer };
	const whyOf = ({ state }: SupervisionHistory): string => (state.kind === 'failed' ? state.why : '');
	const retryOf = ({ state }: SupervisionHistory): number | undefined => (state.kind === 'failed' ? state.retryMs : -1);

	test('is started again after pauses that double from a quarter of a second to half a minute', () => {
		const histories = Array.from({ length: 10 }, (_, at) => after(Array<EnvoyEvent>(at + 1).fill(failed)));
		const pauses = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000];
		assert.deepEqual(histories.map(retryOf), pauses);
		assert.equal(pauseMs(100_000, 0), 30_000);
	});

	test('leaves up to a quarter of a pause to chance, and never more than that', () => {
		assert.deepEqual(
			[0, 0.5, 1].map((chance) => pauseMs(3, chance)),
			[1_000, 875, 750],
		);
		assert.equal(pauseMs(100, 1), 22_500);
		assert.equal(retryOf(reduce(initialHistory, { ...failed, retry: { ...retry, jitter: 1 } })), 188);
	});

	test('keeps its pauses growing though it was live in between, as long as that did not last', () => {
		assert.equal(retryOf(after([ready, ended, ready, ended])), 500);
	});

	test('begins anew with the shortest pause after a stable life', () => {
		const stable: EnvoyEvent = { ...ended, retry: { ...retry, wasStable: true } };
		const again = after([ready, ended, ready, ended, ready, ended, ready, stable]);
		assert.deepEqual([retryOf(again), again.failures, whyOf(again)], [250, 1, 'Envoy ended with code 7']);
	});

	test('is in a loop from the third time on, and then it is told how often', () => {
		assert.equal(whyOf(after([ready, ended, ready, ended])), 'Envoy ended with code 7');
		assert.equal(whyOf(after([ready, ended, failed, ended])), 'Envoy ended with code 7 (3 times in a row)');
		assert.equal(whyOf(after([failed, failed, failed, failed])), 'Cannot start Envoy: why (4 times in a row)');
	});

	test('is not started again where that is not worth it', () => {
		const over = reduce(initialHistory, { ...failed, retry: { ...retry, isRetryable: false } });
		assert.deepEqual(over.state, { kind: 'failed', why: 'Cannot start Envoy: why', retryMs: undefined });
	});

	test('is told with its last line, before how often', () => {
		const bye: EnvoyEvent = { ...ended, lastLine: 'bye' };
		assert.equal(whyOf(after([ready, bye])), 'Envoy ended with code 7; its last line: bye');
		const thrice = after([ready, ended, ready, ended, ready, bye]);
		assert.equal(whyOf(thrice), 'Envoy ended with code 7; its last line: bye (3 times in a row)');
	});
});

describe('how it ended, in words', () => {
	const ends: readonly (readonly [Parameters<typeof exitText>[0], string])[] = [
		[{ code: 0, signal: undefined }, 'ended with code 0'],
		[{ code: 134, signal: undefined }, 'ended with code 134'],
		[{ code: undefined, signal: 'SIGKILL' }, 'ended by SIGKILL'],
		[{ code: undefined, signal: 'SIGKILL', isOutOfMemory: true }, 'ended by SIGKILL, out of memory'],
		[{ code: 1, signal: undefined, isOutOfMemory: true }, 'ended with code 1, out of memory'],
		[{ code: 1, signal: undefined, isOutOfMemory: false }, 'ended with code 1'],
		[{ code: undefined, signal: undefined, isRemoved: true }, 'was removed by somebody else'],
	];
	for (const [exit, text] of ends) test(text, () => assert.equal(exitText(exit), text));
});
