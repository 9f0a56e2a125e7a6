// An Envoy that is LIVE, fails and hangs when a test says so; its life goes as envoy/lifecycle has it.
import { type EnvoyEvent, initialHistory, reduce, type SupervisionHistory } from '../../src/envoy/lifecycle.ts';
import type { Change } from '../../src/envoy/replace.ts';
import type { Supervisor } from '../../src/envoy/supervisor.ts';

export interface FakeEnvoy {
	readonly supervisor: Supervisor;
	/** Another instance each time; `live` starts one where none is starting. */
	readonly starting: () => void;
	readonly live: () => void;
	/** Anything else that may happen to it. */
	readonly turn: (event: EnvoyEvent) => void;
	readonly silent: () => void;
	/** `wasStable`: it had lived long enough not to count as a crash loop. */
	readonly fail: (options?: { readonly wasStable?: boolean }) => void;
	/** What was asked of it by `replace`, in order. */
	readonly changes: Change[];
	/** Waits for `live`; a former daemon's that is found hands traffic over first; fails. */
	onStart: 'live' | 'waits' | 'adopts' | Error;
	/** What a replacement does beside taking over. */
	onReplace: (change: Change) => Promise<void>;
	onStop: () => void;
	onChange: (now: SupervisionHistory, before: SupervisionHistory) => void;
}

/** `steps` gets what is done to it, in order. */
export function createFakeEnvoy(steps: string[]): FakeEnvoy {
	let history = initialHistory;
	let instances = 0;
	const waiting: (() => void)[] = [];
	const untilLive = () => new Promise<void>((resolve) => void waiting.push(resolve));
	const turn = (event: EnvoyEvent) => {
		const before = history;
		history = reduce(history, event);
		envoy.onChange(history, before);
	};
	const instance = () => ({ id: `envoy ${instances}`, image: '', since: '2026-11-23T00:00:00.000Z' });
	const retry = { wasStable: false, isRetryable: true, jitter: 0 };
	const supervisor: Supervisor = {
		history: () => history,
		counters: async () => undefined,
		problem: () => '',
		alone: () => undefined,
		async start(_plan, takeOver, signal) {
			steps.push('envoy started');
			if (envoy.onStart instanceof Error) throw envoy.onStart;
			const live = untilLive();
			if (envoy.onStart !== 'waits') envoy.live();
			await Promise.race([live, aborted(signal)]);
			steps.push('envoy live');
			if (envoy.onStart === 'adopts') await takeOver();
		},
		async replace(change) {
			envoy.changes.push(change);
			steps.push('envoy replaced');
			await envoy.onReplace(change);
			await change.takeOver();
			return 'replaced';
		},
		async stop() {
			envoy.onStop();
			steps.push('envoy stopped');
			turn({ kind: 'drain' });
		},
		leave: async () => void steps.push('envoy left'),
	};
	const envoy: FakeEnvoy = {
		...{ supervisor, changes: [], onStart: 'live' },
		...{ onReplace: async () => undefined, onStop: () => undefined, onChange: () => undefined },
		turn,
		starting() {
			instances += 1;
			turn({ kind: 'started', instance: instance(), restarts: instances > 1 ? 1 : 0 });
		},
		live() {
			if (history.state.kind !== 'starting') envoy.starting();
			turn({ kind: 'ready', instance: instance(), info: { version: '1.40.0', listeners: [15000, 15001] } });
			for (const resolve of waiting.splice(0)) resolve();
		},
		silent: () => turn({ kind: 'silent', why: 'Envoy does not answer' }),
		fail({ wasStable = true } = {}) {
			turn({ kind: 'ended', exit: { code: 1, signal: undefined }, lastLine: '', retry: { ...retry, wasStable } });
		},
	};
	return envoy;
}

const aborted = (signal: AbortSignal): Promise<never> =>
	new Promise((_, reject) => {
		if (signal.aborted) reject(signal.reason);
		else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
	});
