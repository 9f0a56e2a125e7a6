import { untilNone } from '../lib/until-none.ts';
import type { ListenerHandover, RunningProxy } from './runtime.ts';
import type { EnvoySpec } from './spec.ts';
import type { SupervisorState } from './supervisor-state.ts';

/** SIGKILL follows SIGTERM after this time. */
export const STOP_GRACE_MS = 5_000;

/** Closes the listeners of a former Envoy, gives its connections time to end, and ends it. */
export async function drainAndStop(
	self: SupervisorState,
	plan: EnvoySpec,
	former: RunningProxy,
	handOver: ListenerHandover,
): Promise<void> {
	const admin = self.deps.admin(plan, former);
	const deadline = AbortSignal.timeout(plan.drainSeconds * 1_000);
	const ended = Promise.withResolvers<void>();
	self.draining.set(former.instance, ended.promise);
	try {
		await handOver.closeFormer(() => admin.drain('at-once', deadline), deadline);
		await waitUntilIdle(former, () => admin.connections(deadline), deadline);
		await former.stop(STOP_GRACE_MS);
	} finally {
		self.draining.delete(former.instance);
		handOver.end();
		ended.resolve();
	}
}

/** Waits until no redirected connection is open, for at most `drainSeconds`; not at all where there is none. */
export async function waitForDrain(self: SupervisorState, plan: EnvoySpec, proxy: RunningProxy): Promise<void> {
	const count = () => self.deps.countRedirected([...self.ports], plan.spec.isTransparent === true);
	// A count that fails may hide some.
	if ((await count().catch(() => undefined)) === 0) return;
	const deadline = AbortSignal.timeout(plan.drainSeconds * 1_000);
	await self.deps.admin(plan, proxy).drain('graceful', deadline);
	await waitUntilIdle(proxy, count, deadline);
}

/** Also resolves when the proxy ends, which stops the counting. */
async function waitUntilIdle(
	proxy: RunningProxy,
	count: () => Promise<number | undefined>,
	deadline: AbortSignal,
): Promise<void> {
	const ended = new AbortController();
	const exited = proxy.exited.then(() => ended.abort());
	await Promise.race([exited, untilNone(count, AbortSignal.any([deadline, ended.signal]))]);
}
