// Steps that the tests of the supervisor share.
import assert from 'node:assert/strict';
import type { EnvoyState } from '../../src/envoy/lifecycle.ts';
import type { Change } from '../../src/envoy/replace.ts';
import type { Supervisor } from '../../src/envoy/supervisor.ts';
import { eventually } from './eventually.ts';
import { envoySpecOf, noTakeOver, type Options, type Supervised, supervise } from './supervised.ts';

export const signal = AbortSignal.timeout(600_000);
export const stateOf = (supervisor: Supervisor): EnvoyState => supervisor.history().state;
export const kindOf = (supervisor: Supervisor): EnvoyState['kind'] => stateOf(supervisor).kind;
export const idsOf = ({ world }: Supervised): string[] => world.running().map(({ id }) => id);
export const until = (supervisor: Supervisor, kind: EnvoyState['kind']) =>
	eventually(
		() => kindOf(supervisor),
		(is) => is === kind,
	);

/** Another Envoy than the plan of `envoySpecOf()`. */
export const change = (part: Partial<Change> = {}): Change => ({
	plan: envoySpecOf({}, { env: { NEW: '1' } }),
	isUpdate: false,
	takeOver: async () => undefined,
	...part,
});

export async function started(options: Options = {}, plan = envoySpecOf()): Promise<Supervised> {
	const supervised = supervise(options);
	await supervised.supervisor.start(plan, noTakeOver, signal);
	return supervised;
}

/** It ends without being asked to. */
export function endFirst({ world }: Supervised, code = 7): void {
	const [body] = world.running();
	assert.ok(body !== undefined);
	world.end(body, { code, signal: undefined });
}

/** Whoever calls `wait` waits until `open` is called. */
export function gate() {
	const reached = Promise.withResolvers<void>();
	const opened = Promise.withResolvers<void>();
	const wait = async () => {
		reached.resolve();
		await opened.promise;
	};
	return { wait, reached: reached.promise, open: opened.resolve };
}

/** Longer than the first pause before a restart: that nothing happens can only be seen by waiting for it. */
export const pastPause = () => new Promise((resolve) => setTimeout(resolve, 400));
