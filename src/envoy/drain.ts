import { untilNone } from '../lib/until-none.ts';
import type { ListenerHandover, RunningProxy } from './runtime.ts';
import type { EnvoySpec } from './spec.ts';
import { STOP_GRACE_MS } from './start.ts';
import type { SupervisorState } from './supervisor-state.ts';

/** Takes no more connections from now on; those that it has get their time to end, then it ends. */
export async function drainAndStop(
	charge: SupervisorState,
	plan: EnvoySpec,
	former: RunningProxy,
	handOver: ListenerHandover,
): Promise<void> {
	const admin = charge.supervision.admin(plan, former);
	const deadline = AbortSignal.timeout(plan.drainSeconds * 1_000);
	charge.retiring.add(former.instance);
	try {
		await handOver.closeFormer(() => admin.drain('at-once', deadline), deadline);
		await Promise.race([former.exited, untilNone(() => admin.connections(deadline), deadline)]);
		await former.stop(STOP_GRACE_MS);
	} finally {
		charge.retiring.delete(former.instance);
		handOver.end();
	}
}

/** No longer than it takes: a host without connections waits for none. */
export async function waitForDrain(charge: SupervisorState, plan: EnvoySpec, proxy: RunningProxy): Promise<void> {
	const { admin } = charge.supervision;
	const captured = () => charge.supervision.countRedirected([...charge.ports]);
	// Where nobody can say there may be some.
	if ((await captured().catch(() => undefined)) === 0) return;
	const deadline = AbortSignal.timeout(plan.drainSeconds * 1_000);
	await admin(plan, proxy).drain('graceful', deadline);
	await Promise.race([proxy.exited, untilNone(captured, deadline)]);
}
