import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningProxy } from '../ports-proxy.ts';
import type { Plan } from './plan.ts';
import { mismatch } from './ready.ts';
import { type Charge, tell } from './supervision.ts';

/** Asks it how it is as long as it is ours; one that does not answer any more is ended, which starts it anew. */
export async function watch(charge: Charge, proxy: RunningProxy): Promise<void> {
	for (let misses = 0; ; ) {
		const { plan } = charge;
		if (plan === undefined) return;
		await sleep(plan.healthSeconds * 1_000, undefined, { ref: false });
		const admin = charge.supervision.admin(plan, proxy.instance);
		const listeners = await admin.ports(charge.ending.signal);
		if (charge.proxy !== proxy || charge.ending.signal.aborted) return;
		misses = listeners === undefined ? misses + 1 : 0;
		tell(charge, { kind: 'troubled', why: troubleOf(plan, misses, listeners) });
		if (misses >= plan.healthRetries) break;
	}
	charge.verdict = `Envoy did not answer ${charge.plan?.healthRetries} times in a row on its admin port and was ended`;
	await proxy.stop(0);
}

function troubleOf(plan: Plan, misses: number, listeners: readonly number[] | undefined): string {
	if (listeners !== undefined) return mismatch(plan, listeners);
	return `Envoy does not answer on its admin port (${misses} of ${plan.healthRetries})`;
}
