import { mayAnswer, redirectedTo } from '../ruleset/answers.ts';
import type { Capture } from '../ruleset/capture.ts';
import { holdsPort } from '../values/units.ts';

interface Holder {
	readonly port: number;
	readonly uid: number;
}

/** A listener on a port that traffic is redirected to, whose user the rules do not allow to accept. */
export const strangerAmong = <T extends Holder>(capture: Capture, listeners: readonly T[]): T | undefined =>
	listeners.find(({ port, uid }) => holdsPort(redirectedTo(capture), port) && mayAnswer(capture, uid) === false);

/** Where TPROXY is used, a listener that it would hand nothing to. Older kernels do not say whether one is transparent. */
export const opaqueAmong = <T extends Holder & { readonly isTransparent: boolean | undefined }>(
	{ ingressMode, ingressPort }: Pick<Capture, 'ingressMode' | 'ingressPort'>,
	listeners: readonly T[],
): T | undefined =>
	ingressMode === 'tproxy'
		? listeners.find(({ port, isTransparent }) => port === ingressPort && isTransparent === false)
		: undefined;
