import { failureOf } from '../failure.ts';
import type { Capture } from '../ruleset/capture.ts';
import type { DaemonCore } from './core.ts';
import type { DaemonContext } from './daemon-context.ts';
import { isStopping, type Settings } from './state.ts';

/**
 * These settings with what suits two Envoys that may both accept connections: TPROXY drops what it would hand to a listener
 * that is not transparent, and an Envoy that connects from clients' addresses needs the way back.
 */
export const suitingBoth = (settings: DaemonContext, now: DaemonContext, next: DaemonContext): DaemonContext => ({
	...settings,
	capture: { ...settings.capture, ...waysOf([now.capture, next.capture]) },
});

/** The same beside an Envoy that a former daemon has left, of which it is not known. */
export const besideAnyOther = (next: DaemonContext): DaemonContext => ({
	...next,
	capture: { ...next.capture, ingressMode: 'redirect' },
});

function waysOf(all: readonly Capture[]): Pick<Capture, 'ingressMode' | 'ingressKeepClient'> {
	return {
		ingressMode: all.every(({ ingressMode }) => ingressMode === 'tproxy') ? 'tproxy' : 'redirect',
		ingressKeepClient: all.some(({ ingressKeepClient }) => ingressKeepClient === 'application')
			? 'application'
			: 'envoy',
	};
}

/** Before the next Envoy listens. Resolves to what undoes it where that one fails. */
export async function prepareBoth(core: DaemonCore, next: DaemonContext): Promise<() => Promise<void>> {
	const { state } = core;
	const { loaded, context: now } = state.settings;
	const both = suitingBoth(now, now, next);
	if (state.rules.kind !== 'on' || isFinal(now, both)) return async () => undefined;
	await settle(core, { loaded, context: both });
	return () => settle(core, { loaded, context: now });
}

/** From what held for both to what these settings ask for: at once, or when the Envoy that was taken over from has ended. */
export async function onceAlone(core: DaemonCore, next: Pick<Settings, 'loaded' | 'context'>): Promise<void> {
	const alone = core.deps.proxy?.alone();
	if (alone === undefined) return settle(core, next);
	if (isFinal(core.state.settings.context, next.context)) return;
	void alone
		.then(() => settle(core, next))
		.catch((error) =>
			core.deps.log('error', 'the way inbound could not be changed', { why: failureOf(error).message }),
		);
}

const settle = ({ state, interception }: DaemonCore, { loaded, context }: Pick<Settings, 'loaded' | 'context'>) =>
	state.ruleLock(async () => {
		if (state.settings.loaded !== loaded || isStopping(state) || isFinal(state.settings.context, context)) return;
		if (state.rules.kind === 'on') await interception.apply(context);
		state.settings = { ...state.settings, context };
	});

const isFinal = (now: DaemonContext, next: DaemonContext): boolean =>
	now.capture.ingressMode === next.capture.ingressMode &&
	now.capture.ingressKeepClient === next.capture.ingressKeepClient;
