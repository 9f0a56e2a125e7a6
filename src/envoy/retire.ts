import { setTimeout as sleep } from 'node:timers/promises';
import type { HandOver, RunningProxy } from '../ports-proxy.ts';
import { STOP_GRACE_MS } from './bring-up.ts';
import type { Plan } from './plan.ts';
import type { Charge } from './supervision.ts';

const POLL_MS = 50;

/** Takes no more connections from now on; those that it has get their time to end, then it ends. */
export async function retire(charge: Charge, plan: Plan, former: RunningProxy, handOver: HandOver): Promise<void> {
	const admin = charge.supervision.admin(plan, former);
	const deadline = AbortSignal.timeout(plan.drainSeconds * 1_000);
	charge.retiring.add(former.instance);
	try {
		await handOver.letGo(() => admin.drain('at-once', deadline), deadline);
		await Promise.race([former.exited, idle(async () => admin.connections(deadline), deadline)]);
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
	if (captured() === 0) return;
	const deadline = AbortSignal.timeout(plan.drainSeconds * 1_000);
	await admin(plan, proxy).drain('graceful', deadline);
	await Promise.race([proxy.exited, idle(async () => captured(), deadline)]);
}

/** Until there are none, or time is up; where nobody says how many there are, there may be some. */
async function idle(connections: () => Promise<number | undefined>, deadline: AbortSignal): Promise<void> {
	while (!deadline.aborted && (await connections()) !== 0) await sleep(POLL_MS);
}
