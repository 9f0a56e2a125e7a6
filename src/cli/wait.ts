import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import type { Client } from '../localapi/protocol.ts';
import { informational } from '../status/conditions.ts';
import type { Status } from '../status/types.ts';
import { type Given, wholeNumber } from './arguments.ts';
import type { Progress } from './pull-progress.ts';

export interface Waitable {
	/** Aborts the wait. */
	readonly signal: AbortSignal;
	/** Shows a pull, on a terminal. */
	readonly progress?: Progress | undefined;
}

/** Waits for the desired state, and decides what counts as reached. */
const WAIT_POLL_MS = 100;

export function exitCodeOf({ is, wanted, conditions }: Status): number {
	const isWell = conditions.every(({ ok, subject }) => ok || informational.includes(subject));
	return is === wanted && isWell ? 0 : 1;
}

/** Resolves to the status once Envoy is LIVE and everything is in the desired state. Shows a pull meanwhile. */
export async function waitFor(client: Client, given: Given, { signal, progress }: Waitable): Promise<Status> {
	using _ = { [Symbol.dispose]: () => progress?.end() };
	const seconds = wholeNumber(given, 'timeout');
	const deadline = seconds === undefined ? Number.POSITIVE_INFINITY : performance.now() + seconds * 1_000;
	for (;;) {
		const status = await client.status({}).catch(whileStarting);
		if (status?.envoy.pull !== undefined) progress?.show(status.envoy.pull);
		if (status !== undefined && isReady(status)) return status;
		if (performance.now() >= deadline) throw timedOut(seconds ?? 0, status);
		await sleep(WAIT_POLL_MS, undefined, { signal });
	}
}

/** Shows the progress of a pull until `work` is done. */
export async function watchingPull<T>(client: Client, { progress, signal }: Waitable, work: Promise<T>): Promise<T> {
	if (progress === undefined) return work;
	const done = new AbortController();
	const ending = AbortSignal.any([signal, done.signal]);
	const poll = async () => {
		for (;;) {
			await sleep(WAIT_POLL_MS, undefined, { signal: ending });
			const { pull } = (await client.status({})).envoy;
			if (pull !== undefined) progress.show(pull);
		}
	};
	const polling = poll().catch(() => undefined);
	try {
		return await work;
	} finally {
		done.abort();
		await polling;
		progress.end();
	}
}

const isReady = (status: Status): boolean =>
	exitCodeOf(status) === 0 && ['live', 'unmanaged'].includes(status.envoy.state);

/** A daemon that is not running yet is waited for. */
function whileStarting(error: unknown): undefined {
	if (error instanceof Failure && error.code === 'not-running') return undefined;
	throw error;
}

function timedOut(seconds: number, status: Status | undefined): Failure {
	const failed = status?.conditions.filter(({ ok, subject }) => !ok && !informational.includes(subject)) ?? [];
	// Rules and routes wait for Envoy, so its condition is the root cause.
	const first = failed.find(({ subject }) => subject === 'envoy') ?? failed[0];
	const state = status === undefined ? 'no daemon answers' : `interception is ${status.is}`;
	const why = first !== undefined && !first.ok ? first.why : state;
	return new Failure('envoy', `Timed out after ${seconds} s: ${why}`, 'See `turnout status` and `turnout logs`');
}
