import { Failure } from '../failure.ts';
import { STOP_GRACE_MS, waitForDrain } from './drain.ts';
import type { SupervisionHistory } from './lifecycle.ts';
import { type Change, replace } from './replace.ts';
import type { EnvoySpec } from './spec.ts';
import { startUntilRunning } from './start-loop.ts';
import {
	createState,
	dispatch,
	type SupervisorDependencies,
	type SupervisorState,
	trackTask,
} from './supervisor-state.ts';
import { stopping } from './transitions.ts';

export interface Supervisor {
	readonly history: () => SupervisionHistory;
	/** As ProxyAdmin has them; undefined where none runs. */
	counters(names: string, signal: AbortSignal): Promise<ReadonlyMap<string, number> | undefined>;
	/** Why the runtime cannot be reached at the moment; '' where it can. */
	readonly problem: () => string;
	/**
	 * Resolves when Envoy is LIVE and listens on every port, also where a former daemon left it running. Errors that time
	 * may fix (Docker or a registry is away) are retried until the signal is aborted; any other is thrown as a Failure.
	 * From then on Envoy is restarted whenever it ends. `takeOver` leads traffic to one that replaces an adopted one.
	 */
	start(plan: EnvoySpec, takeOver: Change['takeOver'], signal: AbortSignal): Promise<void>;
	/** Resolves when Envoy runs by the new plan; otherwise the former continues, and the Failure says why. */
	replace(change: Change, signal: AbortSignal): Promise<'replaced' | 'same'>;
	/** Resolves once each Envoy that was taken over from has ended; undefined where none is left. */
	alone(): Promise<void> | undefined;
	/** Lets connections drain, then ends Envoy. */
	stop(): Promise<void>;
	/** Leaves Envoy running for the next daemon to adopt. */
	leave(): Promise<void>;
}

export function createSupervisor(deps: SupervisorDependencies): Supervisor {
	const self = createState(deps, restart);
	const until = (signal: AbortSignal) => AbortSignal.any([signal, self.ending.signal]);
	return {
		history: () => self.history,
		problem: () => deps.runtime.problem(),
		async counters(names, signal) {
			const { plan, state } = self;
			if (plan === undefined || state.instance === undefined) return undefined;
			return deps.admin(plan, state.instance.proxy).counters(names, signal);
		},
		start(plan, takeOver, signal) {
			self.plan = plan;
			return tracked(self, startUntilRunning(self, takeOver, until(signal)));
		},
		replace: (change, signal) => tracked(self, replace(self, change, until(signal))),
		alone: () => (self.draining.size === 0 ? undefined : untilAlone(self)),
		stop: () => stop(self),
		async leave() {
			end(self);
			await Promise.all(self.tasks);
			await deps.runtime.close(false);
		},
	};
}

async function untilAlone({ draining }: SupervisorState): Promise<void> {
	while (draining.size > 0) await Promise.all(draining.values());
}

const restart = (self: SupervisorState): void =>
	trackTask(self, startUntilRunning(self, undefined, self.ending.signal));

function tracked<T>(self: SupervisorState, work: Promise<T>): Promise<T> {
	trackTask(self, work);
	return work;
}

function end(self: SupervisorState, why?: Failure): void {
	self.state = stopping(self.state);
	self.ending.abort(why);
}

async function stop(self: SupervisorState): Promise<void> {
	let isOver = false;
	try {
		await endAll(self);
		isOver = true;
	} finally {
		await self.deps.runtime.close(isOver);
	}
}

async function endAll(self: SupervisorState): Promise<void> {
	end(self, new Failure('interrupted', 'Cannot start Envoy: turnout is about to end', 'Start turnout again'));
	const { plan } = self;
	const proxy = self.state.instance?.proxy;
	dispatch(self, { kind: 'drain' });
	if (proxy !== undefined && plan !== undefined) {
		await waitForDrain(self, plan, proxy);
		await proxy.stop(STOP_GRACE_MS);
	}
	await Promise.all(self.tasks);
	// One that became ours in the meantime, and those that were found and not adopted yet.
	const others = new Set([self.state.instance?.proxy, ...self.adopted]);
	for (const other of others) if (other !== proxy) await other?.stop(STOP_GRACE_MS);
}
