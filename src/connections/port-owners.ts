import { mayAnswer, redirectedTo } from '../ruleset/answers.ts';
import type { Capture } from '../ruleset/capture.ts';
import { holdsPort } from '../values/units.ts';

interface Holder {
	readonly port: number;
	readonly uid: number;
}

/** Somebody who listens where captured traffic goes, and whom the rules let answer nobody. */
export const strangerAmong = <T extends Holder>(capture: Capture, listeners: readonly T[]): T | undefined =>
	listeners.find(({ port, uid }) => holdsPort(redirectedTo(capture), port) && mayAnswer(capture, uid) === false);
