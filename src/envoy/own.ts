import { watch } from './health-check.ts';
import type { Exit } from './runtime.ts';
import type { EnvoySpec } from './spec.ts';
import { instanceOf, type LiveProxy } from './start.ts';
import { dispatch, lead, type RunningInstance, type SupervisorState } from './supervisor-state.ts';
import { withInstance, withoutInstance } from './transitions.ts';

/** Traffic is led to this Envoy from now on, and its end is answered by a new start. */
export function own(self: SupervisorState, plan: EnvoySpec, { proxy, info, output }: LiveProxy): void {
	lead(self, plan);
	const instance: RunningInstance = { proxy, output, liveSinceMs: performance.now(), killReason: '' };
	self.state = withInstance(self.state, instance);
	dispatch(self, { kind: 'ready', instance: instanceOf(proxy), info });
	self.deps.bootstraps.keepOnly(plan.spec.files);
	void proxy.exited.then((exit) => onExit(self, instance, exit));
	void watch(self, instance);
}

function onExit(self: SupervisorState, instance: RunningInstance, exit: Exit): void {
	const { state, plan } = self;
	if (state.instance !== instance) return;
	self.state = withoutInstance(state);
	const { killReason, output, liveSinceMs } = instance;
	const wasStable = performance.now() - liveSinceMs >= (plan?.stableSeconds ?? 0) * 1_000;
	const retry = { wasStable, isRetryable: true, jitter: Math.random() };
	if (killReason === '') dispatch(self, { kind: 'ended', exit, lastLine: output.lastLine(), retry });
	else dispatch(self, { kind: 'failed', why: killReason, retry });
	if (state.kind === 'running') self.restart();
}
