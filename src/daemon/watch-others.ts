import { type Clock, msToBeat } from '../lib/clock.ts';
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
	const isDue = () => isTouched || mayChangeUnseen() || clock.nowMs() - checkedMs >= SELDOM_MS;
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
	};
	return {
		touch() {
			isTouched = true;
		},
		async run(signal) {
			while (!signal.aborted) {
				if (isDue()) await look();
				await clock.sleep(msToBeat(clock, WATCH_MS), signal).catch(() => undefined);
			}
		},
	};
}
