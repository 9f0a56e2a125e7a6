import { failureOf } from '../failure.ts';
import { drainAndStop } from './drain.ts';
import { withoutTaken } from './free-ports.ts';
import { exchange, hashOf, type Replacement } from './replace.ts';
import type { RunningProxy } from './runtime.ts';
import { answerOf } from './start.ts';
import { dispatch, outputRecorder, type SupervisorState, trackTask } from './supervisor-state.ts';

/** Goes on with what a former daemon left running; one of another specification, or on other ports, is replaced. */
export async function adopt(charge: SupervisorState, change: Replacement, signal: AbortSignal): Promise<boolean> {
	const { plan } = change;
	const found = await charge.supervision.runtime.adopt(outputRecorder(charge), signal);
	charge.found = found;
	const [newest, ...others] = found.toSorted((a, b) => b.startedAt.localeCompare(a.startedAt));
	if (newest === undefined) return false;
	const answer = await answerOf(charge, plan, signal, newest);
	const alone = others.map(async (other) => {
		const handOver = await charge.supervision.handOver([]);
		await drainAndStop(charge, plan, other, handOver);
	});
	trackTask(
		charge,
		Promise.all(alone).then(() => charge.proxy?.promote()),
	);
	if (answer === undefined) {
		await newest.stop(0);
		return false;
	}
	const ports = Object.fromEntries(answer.listeners.map((port) => [`port ${port}`, port]));
	change.own({ ...plan, ports }, { proxy: newest, answer });
	await asWanted(charge, change, newest, signal).catch((error) => {
		if (!signal.aborted) dispatch(charge, { kind: 'troubled', why: failureOf(error).message });
	});
	return true;
}

/**
 * The wish may have changed while nobody was there. What runs is better than nothing if that cannot be met; when it ends,
 * nothing is better than the next start.
 */
async function asWanted(
	charge: SupervisorState,
	wanted: Replacement,
	found: RunningProxy,
	signal: AbortSignal,
): Promise<void> {
	const change = { ...wanted, plan: await withoutTaken(charge, wanted.plan) };
	const gone = new AbortController();
	void found.exited.then(() => gone.abort());
	const hash = await hashOf(charge, change, AbortSignal.any([signal, gone.signal]));
	await exchange(charge, change, hash, signal);
}

/** One whose start Docker did not answer in time may run now, and nobody looks after it. Says whether there was any. */
export async function endStrays(charge: SupervisorState, signal: AbortSignal): Promise<boolean> {
	const found = await charge.supervision.runtime.adopt(outputRecorder(charge), signal);
	const strays = found.filter(({ instance }) => !charge.retiring.has(instance));
	await Promise.all(strays.map((stray) => stray.stop(0)));
	return strays.length > 0;
}
