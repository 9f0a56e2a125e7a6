import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fingerprint } from './command-line.ts';
import { exitText } from './exit-text.ts';
import type { Instance, ServerInfo } from './lifecycle.ts';
import { createOutputRecorder, exitWithLastLine, type OutputRecorder } from './output-recorder.ts';
import { overlayArguments } from './overlay.ts';
import { untilReady } from './readiness.ts';
import type { PullProgress, RunningProxy } from './runtime.ts';
import { type EnvoySpec, portsOf } from './spec.ts';
import { dispatch, type SupervisorState } from './supervisor-state.ts';

export interface LiveProxy {
	readonly proxy: RunningProxy;
	readonly output: OutputRecorder;
	readonly info: ServerInfo;
}

/**
 * Fetches whatever the plan needs, however long a registry takes; resolves to the hash by which an instance of it is
 * recognized. `isAside`: for a replacement, and not for the next start.
 */
export async function prepare(
	self: SupervisorState,
	{ spec }: EnvoySpec,
	isAside: boolean,
	signal: AbortSignal,
): Promise<string> {
	let isPulling = false;
	const onProgress = (pull: PullProgress) => {
		isPulling = true;
		dispatch(self, { kind: 'pulling', pull, isAside });
	};
	try {
		const exact = await self.deps.runtime.prepare(spec, onProgress, signal);
		if (isPulling) dispatch(self, { kind: 'pulled' });
		return createHash('sha256').update(fingerprint(spec, exact)).digest('hex').slice(0, 16);
	} catch (error) {
		if (isPulling) dispatch(self, { kind: 'not-pulled' });
		throw error;
	}
}

/** A restart does not pull again. */
export function withoutPullAlways(plan: EnvoySpec): EnvoySpec {
	const pull = plan.spec.pull === 'always' ? 'missing' : plan.spec.pull;
	return { ...plan, spec: { ...plan.spec, pull } };
}

export interface StartProgress {
	/** It runs, and is not LIVE yet. */
	readonly onStarted?: (proxy: RunningProxy) => void;
	readonly onMissing?: (missing: string) => void;
}

/** Starts one more Envoy; resolves when it is LIVE and listens. If that fails, nothing of it is left. */
export async function launch(
	self: SupervisorState,
	plan: EnvoySpec,
	hash: string,
	signal: AbortSignal,
	{ onStarted, onMissing }: StartProgress,
): Promise<LiveProxy> {
	const instance = randomUUID();
	const socketPath = self.deps.adminSocket(instance);
	const access = { instance, socketPath, adminPort: plan.spec.adminPort };
	const spec = { ...plan.spec, args: [...plan.spec.args, ...overlayArguments(access)] };
	const output = createOutputRecorder(self.deps.onOutput);
	self.deps.bootstraps.write(spec.files);
	const identity = { instance, hash, admin: { socketPath } };
	const proxy = await self.deps.runtime.start(spec, identity, output.onOutput, signal);
	onStarted?.(proxy);
	let end: string | undefined;
	void proxy.exited.then((exit) => {
		end = exitWithLastLine(exitText(exit), output.lastLine());
	});
	try {
		const { configuration } = self.deps;
		const waiting = { ended: () => end, onMissing: onMissing ?? (() => undefined), configuration };
		return { proxy, output, info: await untilReady(self.deps.admin(plan, proxy), plan, waiting, signal) };
	} catch (error) {
		// No traffic is led to it yet.
		await proxy.stop(0);
		throw error;
	}
}

/** What an adopted Envoy says of itself; undefined where it stays silent for as many tries as a health check has. */
export async function askInfo(
	self: SupervisorState,
	plan: EnvoySpec,
	proxy: RunningProxy,
	signal: AbortSignal,
): Promise<ServerInfo | undefined> {
	const admin = self.deps.admin(plan, proxy);
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

export const instanceOf = ({ id, image, startedAt }: RunningProxy): Instance => ({ id, image, since: startedAt });
