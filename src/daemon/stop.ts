import { untilNone } from '../lib/until-none.ts';
import type { Confirmation } from './confirm.ts';
import type { DaemonCore } from './core.ts';
import { beginStop, isStarting } from './state.ts';

const REMOVE_TIMEOUT_MS = 30_000;

/** From now on nothing changes by itself; a change that is under way ends first. */
export async function stopDaemon(core: DaemonCore, confirmation: Confirmation): Promise<void> {
	const { state, deps, interception, room } = core;
	const hasFailed = state.phase.kind === 'startFailed';
	beginStop(state);
	interception.cancelTimer();
	confirmation.cancelTimer();
	await state.ruleLock(async () => {
		if (state.settings.context.config.onStop === 'keep') await deps.proxy?.leave();
		else if (isStarting(state)) await stopEarly(core, hasFailed);
		else await stopRunning(core);
	});
	await room.idle();
	deps.log('info', 'stopped');
}

/** The rules first; then connections have their time to end, and our Envoy with them; then what they needed goes. */
async function stopRunning({ state, deps, interception, drain }: DaemonCore): Promise<void> {
	// What is there while nothing of ours is belongs to others, such as another turnout.
	if (state.rules.kind === 'on' || drain.isPending())
		await interception.remove(state.rules.kind === 'lifted' ? 'lifted' : 'off').catch(async (error) => {
			// Rules that stay lead to it.
			await deps.proxy?.leave();
			throw error;
		});
	const deadline = AbortSignal.timeout(state.settings.context.config.envoy.drainSeconds * 1_000);
	try {
		if (deps.proxy !== undefined) await deps.proxy.stop();
		else if (drain.isPending()) await untilNone(drain.count, deadline);
	} finally {
		// Also where Envoy could not be stopped: nobody comes to do it later.
		if (drain.isPending()) await drain.finishNow(AbortSignal.timeout(REMOVE_TIMEOUT_MS));
	}
}

/**
 * Told to end before we changed anything: rules that are there may be those of a former daemon, or of another one that
 * runs. They are removed where they lead to nobody; after a failed start, everything is left as it was found.
 */
async function stopEarly({ state, deps, reconciler }: DaemonCore, hasFailed: boolean): Promise<void> {
	await deps.proxy?.stop();
	const { host, config } = state.settings.context;
	const open = (await deps.listeners()).map(({ port }) => port);
	if (hasFailed || deps.proxy === undefined || open.includes(config.egressPort)) return;
	await reconciler.remove(host, { keepConntrack: false }, AbortSignal.timeout(REMOVE_TIMEOUT_MS));
}
