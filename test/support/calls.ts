// Makes the connections of a table, all at once, and compares the answers with it.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Peers } from '../lab/net/peers.ts';
import type { Answer } from '../lab/net/protocol.ts';
import type { Attempt, Call } from './rows.ts';

/** What is dropped is never answered; an answer may be slow on a busy machine. */
const DROPPED_MS = 300;
const ANSWERED_MS = 20_000;

export interface Called {
	readonly call: Call;
	readonly answer: Answer;
}

export const callAll = (peers: Peers, calls: readonly Call[]): Promise<Called[]> =>
	Promise.all(calls.map(async (call) => ({ call, answer: await make(peers, call, call.expected === 'nobody') })));

/** `isDropped`: nobody is expected to answer. */
export const make = (peers: Peers, { who, address, port, from }: Attempt, isDropped: boolean): Promise<Answer> =>
	peers[who].connect(address, port, {
		timeoutMs: isDropped ? DROPPED_MS : ANSWERED_MS,
		...(from === undefined ? {} : { from }),
	});

/** A test for each call. */
export async function testCalls(
	context: TestContext,
	peers: Peers,
	state: string,
	calls: readonly Call[],
): Promise<void> {
	const called = await callAll(peers, calls);
	for (const { call, answer } of called)
		await context.test(`${state}: ${call.title}`, () => assert.equal(nameOf(answer), call.expected));
}

export function nameOf(answer: Answer): string {
	if (answer.kind === 'answered') return answer.by;
	return answer.kind === 'timeout' ? 'nobody' : answer.kind;
}
