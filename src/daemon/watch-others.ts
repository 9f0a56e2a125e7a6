import { type Clock, msToBeat, REST_MS } from '../lib/clock.ts';
import type { Fact } from '../status/conditions.ts';

/** Others' rules, looked at again and again. */
export interface OthersWatch {
	/** Somebody has changed rules, or may have: the next look is due. */
	readonly touch: () => void;
	/** Until the signal is aborted. */
	readonly run: (signal: AbortSignal) => Promise<void>;
}

export interface OthersLooks {
	readonly check: () => Promise<readonly Fact[]>;
	/** Whenever what is wrong has changed; '' when nothing is. */
	readonly onChange: (why: string) => void;
	/** It may have changed although nobody has called `touch`. */
	readonly mayChangeUnseen: () => boolean;
}

/** Changes of iptables-legacy cannot be watched. */
const WATCH_MS = 2_000;
/** A notice of the kernel's that did not reach us is made up for in the end. */
const SELDOM_MS = 60_000;

/** While nobody changes anything nothing is asked: each question would cost an idle daemon as much as all else it does. */
export function createOthersWatch(clock: Clock, { check, onChange, mayChangeUnseen }: OthersLooks): OthersWatch {
	let isTouched = true;
	let checkedMs = clock.nowMs();
	let before = '';
	const rest = createRest(clock);
	const isOften = () => isTouched || mayChangeUnseen();
	const look = async () => {
		isTouched = false;
		checkedMs = clock.nowMs();
		const facts = await check().catch((): readonly Fact[] => {
			isTouched = true;
			return [];
		});
		const text = facts.flatMap((fact) => (fact.ok ? [] : [fact.why])).join('; ');
		if (text !== before) onChange(text);
		before = text;
		// What was looked at may be older than what is there; whoever else reads it anew meanwhile does not tell.
		isTouched ||= mayChangeUnseen();
	};
	const pause = async (signal: AbortSignal) => {
		if (!isOften()) await rest.begin();
		// Somebody who commits again and again is not followed step by step.
		if (isOften()) await clock.sleep(msToBeat(clock, WATCH_MS), signal).catch(() => undefined);
	};
	return {
		touch() {
			isTouched = true;
			rest.end();
		},
		async run(signal) {
			signal.addEventListener('abort', rest.end, { once: true });
			while (!signal.aborted) {
				if (isOften() || clock.nowMs() - checkedMs >= SELDOM_MS) await look();
				await pause(signal);
			}
		},
	};
}

/** Lasts until the next beat, or until it is ended. */
function createRest(clock: Clock) {
	let end: () => void = () => undefined;
	return {
		begin: () =>
			new Promise<void>((resolve) => {
				const cancel = clock.after(msToBeat(clock, REST_MS), resolve);
				end = () => {
					cancel();
					resolve();
				};
			}),
		end: () => end(),
	};
}
