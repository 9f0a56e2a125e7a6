import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RunningInstance, State } from '../../../src/envoy/supervisor-state.ts';
import {
	afterReplacing,
	afterStart,
	beforeReplacing,
	beforeStart,
	stopping,
	withInstance,
	withoutInstance,
} from '../../../src/envoy/transitions.ts';

const former = instance('former');
const newer = instance('newer');
const attempt = new AbortController();

/** Every state there can be, by the words that the tests below use. */
const states = {
	idle: { kind: 'idle', instance: undefined },
	starting: { kind: 'starting', attempt, instance: undefined },
	'starting former': { kind: 'starting', attempt, instance: former },
	'running former': { kind: 'running', instance: former },
	replacing: { kind: 'replacing', isStartWaiting: false, instance: undefined },
	'replacing former': { kind: 'replacing', isStartWaiting: false, instance: former },
	'replacing waiting': { kind: 'replacing', isStartWaiting: true, instance: undefined },
	'replacing waiting former': { kind: 'replacing', isStartWaiting: true, instance: former },
	stopping: { kind: 'stopping', instance: undefined },
	'stopping former': { kind: 'stopping', instance: former },
} as const satisfies Readonly<Record<string, State>>;
type Name = keyof typeof states;

function instance(id: string): RunningInstance {
	const end = async () => ({ code: 0, signal: undefined });
	const proxy = { id, image: '', startedAt: '', exited: end(), stop: end, promote: async () => undefined };
	const identity = { instance: id, hash: '', admin: { port: 9901 } };
	const output = { onOutput: () => undefined, lastLine: () => '' };
	return { proxy: { ...proxy, ...identity }, output, liveSinceMs: 0, killReason: '' };
}

function wordsOf(state: State): string {
	const waiting = state.kind === 'replacing' && state.isStartWaiting ? ['waiting'] : [];
	return [state.kind, ...waiting, ...(state.instance === undefined ? [] : [state.instance.proxy.id])].join(' ');
}

type Table = readonly (readonly [from: Name, to: string])[];
const transitions: readonly (readonly [title: string, next: (state: State) => State, table: Table])[] = [
	[
		'an Envoy that became ours is the instance, and does not end what is under way',
		(state) => withInstance(state, newer),
		[
			['idle', 'running newer'],
			['starting', 'starting newer'],
			['running former', 'running newer'],
			['replacing former', 'replacing newer'],
			['replacing waiting', 'replacing waiting newer'],
			['stopping former', 'stopping newer'],
		],
	],
	[
		'when Envoy ends, a start follows unless something else is under way',
		withoutInstance,
		[
			['idle', 'idle'],
			['starting former', 'starting'],
			['running former', 'starting'],
			['replacing former', 'replacing'],
			['replacing waiting former', 'replacing waiting'],
			['stopping former', 'stopping'],
		],
	],
	[
		'a start waits while instances are exchanged',
		beforeStart,
		[
			['idle', 'starting'],
			['starting', 'starting'],
			['running former', 'running former'],
			['replacing', 'replacing waiting'],
			['stopping', 'stopping'],
		],
	],
	[
		'after a start Envoy runs, or nothing is under way any more',
		afterStart,
		[
			['idle', 'idle'],
			['starting', 'idle'],
			['starting former', 'running former'],
			['running former', 'running former'],
			['replacing waiting', 'replacing'],
			['replacing waiting former', 'replacing former'],
			['stopping', 'stopping'],
			['stopping former', 'stopping former'],
		],
	],
	[
		'a replacement goes before a start, which waits',
		beforeReplacing,
		[
			['idle', 'replacing'],
			['starting', 'replacing waiting'],
			['starting former', 'replacing waiting former'],
			['running former', 'replacing former'],
			['stopping', 'stopping'],
			['stopping former', 'stopping former'],
		],
	],
	[
		'after a replacement Envoy runs, or the start that waited goes on',
		afterReplacing,
		[
			['replacing', 'idle'],
			['replacing former', 'running former'],
			['replacing waiting', 'starting'],
			['replacing waiting former', 'running former'],
			['stopping', 'stopping'],
			['stopping former', 'stopping former'],
		],
	],
	[
		'a stop is final, and Envoy is there until it has ended',
		stopping,
		[
			['idle', 'stopping'],
			['starting', 'stopping'],
			['running former', 'stopping former'],
			['replacing waiting former', 'stopping former'],
			['stopping former', 'stopping former'],
		],
	],
];

for (const [title, next, table] of transitions)
	describe(title, () => {
		for (const [from, to] of table)
			test(`${from} → ${to}`, () => {
				assert.equal(wordsOf(next(states[from])), to);
			});
	});

test('an attempt that follows a replacement is not cancelled with the one before it', () => {
	const cancelled = new AbortController();
	cancelled.abort();
	const waiting = beforeReplacing({ kind: 'starting', attempt: cancelled, instance: undefined });
	const after = afterReplacing(waiting);
	assert.equal(after.kind === 'starting' && after.attempt.signal.aborted, false);
});
