import { failureOf } from '../failure.ts';
import { drainAndStop } from './drain.ts';
import { withoutTaken } from './free-ports.ts';
import { createOutputRecorder } from './output-recorder.ts';
import { own } from './own.ts';
import { type Change, exchange, prepareChange } from './replace.ts';
import type { RunningProxy } from './runtime.ts';
import { askInfo } from './start.ts';
import { dispatch, type SupervisorState, trackTask } from './supervisor-state.ts';

/**
 * Continues with the newest Envoy that a former daemon left running, and replaces it where its specification or its ports
 * differ. False where there is none that answers.
 */
export async function adopt(self: SupervisorState, change: Change, signal: AbortSignal): Promise<boolean> {
	const { plan } = change;
	const output = createOutputRecorder(self.deps.onOutput);
	self.adopted = await self.deps.runtime.adopt(output.onOutput, signal);
	const [newest, ...others] = self.adopted.toSorted((a, b) => b.startedAt.localeCompare(a.startedAt));
	if (newest === undefined) return false;
	const info = await askInfo(self, plan, newest, signal);
	trackTask(
		self,
		Promise.all(others.map((other) => drainOther(self, change, other))).then(() =>
			self.state.instance?.proxy.promote(),
		),
	);
	if (info === undefined) {
		await newest.stop(0);
		return false;
	}
	const ports = Object.fromEntries(info.listeners.map((port) => [`port ${port}`, port]));
	own(self, { ...plan, ports }, { proxy: newest, output, info });
	await replaceUnwanted(self, change, newest, signal).catch((error) => {
		if (!signal.aborted) dispatch(self, { kind: 'troubled', why: failureOf(error).message });
	});
	return true;
}

async function drainOther(self: SupervisorState, { plan }: Change, other: RunningProxy): Promise<void> {
	const handOver = await self.deps.handOver([]);
	await drainAndStop(self, plan, other, handOver);
}

/**
 * The settings may have changed while no daemon ran. If they cannot be met, an Envoy that runs is better than none; if it
 * ends meanwhile, waiting for the replacement's pull is not better than the next start.
 */
async function replaceUnwanted(
	self: SupervisorState,
	wanted: Change,
	found: RunningProxy,
	signal: AbortSignal,
): Promise<void> {
	const change = { ...wanted, plan: await withoutTaken(self, wanted.plan) };
	const gone = new AbortController();
	void found.exited.then(() => gone.abort());
	const hash = await prepareChange(self, change, AbortSignal.any([signal, gone.signal]));
	await exchange(self, change, hash, signal);
}

/** A container whose start Docker did not confirm in time may run now, unsupervised. Says whether there was any. */
export async function endStrays(self: SupervisorState, signal: AbortSignal): Promise<boolean> {
	const found = await self.deps.runtime.adopt(self.deps.onOutput, signal);
	const strays = found.filter(({ instance }) => !self.draining.has(instance));
	await Promise.all(strays.map((stray) => stray.stop(0)));
	return strays.length > 0;
}
