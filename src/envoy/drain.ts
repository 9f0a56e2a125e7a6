import { untilNone } from '../lib/until-none.ts';
import type { HandOver, RunningProxy } from './runtime.ts';
import type { Plan } from './spec.ts';
import { STOP_GRACE_MS } from './start.ts';
import type { Charge } from './supervisor-state.ts';

/** Takes no more connections from now on; those that it has get their time to end, then it ends. */
export async function retire(charge: Charge, plan: Plan, former: RunningProxy, handOver: HandOver): Promise<void> {
	const admin = charge.supervision.admin(plan, former);
	const deadline = AbortSignal.timeout(plan.drainSeconds * 1_000);
	charge.retiring.add(former.instance);
	try {
		await handOver.letGo(() => admin.drain('at-once', deadline), deadline);
		await Promise.race([former.exited, untilNone(() => admin.connections(deadline), deadline)]);
		await former.stop(STOP_GRACE_MS);
	} finally {
		charge.retiring.delete(former.instance);
		handOver.end();
	}
}

/** No longer than it takes: a host without connections waits for none. */
export async function drained(charge: Charge, plan: Plan, proxy: RunningProxy): Promise<void> {
	const { admin } = charge.supervision;
	const captured = () => charge.supervision.captured([...charge.ports]);
	// Where nobody can say there may be some.
	if ((await captured().catch(() => undefined)) === 0) return;
	const deadline = AbortSignal.timeout(plan.drainSeconds * 1_000);
	await admin(plan, proxy).drain('graceful', deadline);
	await Promise.race([proxy.exited, untilNone(captured, deadline)]);
}
