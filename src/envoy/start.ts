import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fingerprint } from './command-line.ts';
import { exitText } from './exit-text.ts';
import type { Instance, ServerInfo } from './lifecycle.ts';
import { overlayArguments } from './overlay.ts';
import { untilReady, type Waiting } from './readiness.ts';
import type { PullProgress, RunningProxy } from './runtime.ts';
import { type EnvoySpec, portsOf } from './spec.ts';
import { dispatch, outputRecorder, type SupervisorState } from './supervisor-state.ts';

/** An Envoy that does not answer after SIGTERM within this time is ended by SIGKILL. */
export const STOP_GRACE_MS = 5_000;

export interface LiveProxy {
	readonly proxy: RunningProxy;
	readonly answer: ServerInfo;
}

/**
 * What `plan` comes to at the moment: what is needed for it is there then, and its hash is what it is found by. It may take
 * as long as a registry takes. `isAside`: not for the next start.
 */
export async function prepare(
	charge: SupervisorState,
	{ spec }: EnvoySpec,
	isAside: boolean,
	signal: AbortSignal,
): Promise<string> {
	let isPulling = false;
	const onProgress = (pull: PullProgress) => {
		isPulling = true;
		dispatch(charge, { kind: 'pulling', pull, isAside });
	};
	try {
		const exact = await charge.supervision.runtime.prepare(spec, onProgress, signal);
		if (isPulling) dispatch(charge, { kind: 'pulled' });
		return createHash('sha256').update(fingerprint(spec, exact)).digest('hex').slice(0, 16);
	} catch (error) {
		if (isPulling) dispatch(charge, { kind: 'not-pulled' });
		throw error;
	}
}

/** One that has run before is not asked for anew each time that it ends. */
export function asItIs(plan: EnvoySpec): EnvoySpec {
	const pull = plan.spec.pull === 'always' ? 'missing' : plan.spec.pull;
	return { ...plan, spec: { ...plan.spec, pull } };
}

/** One more Envoy, LIVE and listening; where that does not come about nothing of it is left. */
export async function launch(
	charge: SupervisorState,
	plan: EnvoySpec,
	hash: string,
	on: { readonly started: (body: Instance) => void; readonly missing: (missing: string) => void },
	signal: AbortSignal,
): Promise<LiveProxy> {
	const instance = randomUUID();
	const socketPath = charge.supervision.adminSocket(instance);
	const doors = { instance, socketPath, adminPort: plan.spec.adminPort };
	const spec = { ...plan.spec, args: [...plan.spec.args, ...overlayArguments(doors)] };
	charge.lastLine = '';
	charge.supervision.bootstraps.write(spec.files);
	const proxy = await charge.supervision.runtime.start(
		spec,
		{ instance, hash, admin: { socketPath } },
		outputRecorder(charge),
		signal,
	);
	on.started(bodyOf(proxy));
	return { proxy, answer: await ready(charge, plan, proxy, on.missing, signal) };
}

/** What it says of itself, once it is LIVE; one that never is is ended. */
async function ready(
	charge: SupervisorState,
	plan: EnvoySpec,
	proxy: RunningProxy,
	onMissing: Waiting['onMissing'],
	signal: AbortSignal,
): Promise<ServerInfo> {
	let end: string | undefined;
	void proxy.exited.then((exit) => {
		end = `Envoy ${exitText(exit)}${charge.lastLine === '' ? '' : `; its last line: ${charge.lastLine}`}`;
	});
	try {
		const admin = charge.supervision.admin(plan, proxy);
		return await untilReady(admin, plan, { ended: () => end, onMissing }, signal);
	} catch (error) {
		// Nothing goes through it yet.
		await proxy.stop(0);
		throw error;
	}
}

/** What one that was found says of itself; undefined where it has not answered as often as a healthy one would have. */
export async function answerOf(charge: SupervisorState, plan: EnvoySpec, signal: AbortSignal, proxy: RunningProxy) {
	const admin = charge.supervision.admin(plan, proxy);
	for (let miss = 0; miss < plan.healthRetries; miss += 1) {
		const info = await admin.info(signal);
		const listeners = await admin.listeners(signal);
		signal.throwIfAborted();
		if (info !== undefined && listeners !== undefined) return { version: info.version, listeners: portsOf(listeners) };
		await sleep(ASK_AGAIN_MS, undefined, { signal });
	}
	return undefined;
}

const ASK_AGAIN_MS = 200;

export const bodyOf = ({ id, image, startedAt }: RunningProxy): Instance => ({ id, image, since: startedAt });
