import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import type { Client } from '../localapi/protocol.ts';
import type { Status, Subject } from '../status/types.ts';
import { type Given, wholeNumber } from './arguments.ts';
import type { Progress } from './pull-progress.ts';

export interface Waitable {
	/** Ends the waiting. */
	readonly signal: AbortSignal;
	/** Where a pull can be shown to somebody. */
	readonly progress?: Progress | undefined;
}

/** How often it is looked. */
const WAIT_POLL_MS = 100;

/**
 * Told, and no failure: whoever lets IPv6 go past Envoy wants it so, and a full disk keeps no traffic from its way; nor
 * does a host that has its own reasons for SYN cookies. Routes that are missing make `is` another than was wanted; those
 * that are left out for others do not. What a firewall denied and lets in now is for its owner to judge.
 */
const informational: readonly Subject[] = [
	'settings',
	'routes',
	'ipv6',
	'state',
	'conntrack',
	'syncookies',
	'tracking',
	'admin',
	'denials',
];

export function exitCodeOf({ is, wanted, conditions }: Status): number {
	const isWell = conditions.every(({ ok, subject }) => ok || informational.includes(subject));
	return is === wanted && isWell ? 0 : 1;
}

/** The status, once Envoy is LIVE and everything is as wanted; a pull on the way is shown. */
export async function waitFor(client: Client, given: Given, { signal, progress }: Waitable): Promise<Status> {
	using _ = { [Symbol.dispose]: () => progress?.end() };
	const seconds = wholeNumber(given, 'timeout');
	const deadline = seconds === undefined ? Number.POSITIVE_INFINITY : performance.now() + seconds * 1_000;
	for (;;) {
		const status = await client.status({}).catch(whileStarting);
		if (status?.envoy.pull !== undefined) progress?.show(status.envoy.pull);
		if (status !== undefined && isReady(status)) return status;
		if (performance.now() >= deadline) throw late(seconds ?? 0, status);
		await sleep(WAIT_POLL_MS, undefined, { signal });
	}
}

/** Shows how a pull goes on while something waits for it. */
export async function watchingPull<T>(client: Client, { progress, signal }: Waitable, work: Promise<T>): Promise<T> {
	if (progress === undefined) return work;
	const done = new AbortController();
	const ending = AbortSignal.any([signal, done.signal]);
	const look = async () => {
		for (;;) {
			await sleep(WAIT_POLL_MS, undefined, { signal: ending });
			const { pull } = (await client.status({})).envoy;
			if (pull !== undefined) progress.show(pull);
		}
	};
	const looking = look().catch(() => undefined);
	try {
		return await work;
	} finally {
		done.abort();
		await looking;
		progress.end();
	}
}

const isReady = (status: Status): boolean =>
	exitCodeOf(status) === 0 && ['live', 'unmanaged'].includes(status.envoy.state);

/** A daemon that is not there yet is what one waits for. */
function whileStarting(error: unknown): undefined {
	if (error instanceof Failure && error.code === 'not-running') return undefined;
	throw error;
}

function late(seconds: number, status: Status | undefined): Failure {
	const wrongs = status?.conditions.filter(({ ok, subject }) => !ok && !informational.includes(subject)) ?? [];
	// What rules wait for is the reason of the rest.
	const wrong = wrongs.find(({ subject }) => subject === 'envoy') ?? wrongs[0];
	const why =
		wrong !== undefined && !wrong.ok ? wrong.why : `interception is ${status?.is ?? 'nowhere: no daemon answers'}`;
	return new Failure(
		'envoy',
		`Cannot wait any longer: after ${seconds} s ${why}`,
		'See `turnout status` and `turnout logs`',
	);
}
