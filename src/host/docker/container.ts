import { setTimeout as sleep } from 'node:timers/promises';
import type { Exit, OnOutput, ProxyIdentity, RunningProxy } from '../../envoy/runtime.ts';
import { removeAdmin } from '../envoy/admin-folder.ts';
import { type DockerContext, problemOf } from './docker-context.ts';
import { dockerFailure, isUnavailable } from './docker-errors.ts';
import { exitOf } from './exit.ts';
import { keepImage } from './keeper.ts';

export interface Found extends ProxyIdentity {
	readonly image: string;
	readonly startedAt: string;
}

/** Watches a running container until it ends, also while Docker restarts. */
export function attach(context: DockerContext, id: string, found: Found, onOutput: OnOutput): RunningProxy {
	context.attached.add(id);
	const exited = exitOf(context, id, onOutput).finally(() => {
		context.attached.delete(id);
		removeAdmin(found);
	});
	return {
		...found,
		id: id.slice(0, 12),
		exited,
		stop: (graceMs) => stop(context, id, exited, graceMs),
		promote: () => promote(context, id),
	};
}

/** From a container's end until Docker reports it, on a busy machine. */
const LATE_MS = 3_000;
const KILLED: Exit = { code: undefined, signal: 'SIGKILL' };

/** Removes the container too, so that nobody starts it by hand. */
async function stop(context: DockerContext, id: string, exited: Promise<Exit>, graceMs: number): Promise<Exit> {
	const { engine } = context;
	try {
		// The exit code has to be read before the container is removed.
		await (graceMs > 0 ? engine.stop(id, Math.ceil(graceMs / 1_000)) : engine.kill(id));
		const exit = await Promise.race([exited, sleep(LATE_MS, undefined)]);
		await engine.discard(id);
		return exit ?? (await Promise.race([exited, sleep(LATE_MS, KILLED)]));
	} catch (error) {
		if (isUnavailable(error)) context.problem = problemOf(context, error);
		throw dockerFailure('stop Envoy', engine.socket, error);
	}
}

async function promote(context: DockerContext, id: string): Promise<void> {
	const { engine, name } = context;
	const { Name } = await engine.inspect(id);
	if (Name !== `/${name}`) await engine.rename(id, name);
	await keepImage(context, id);
}
