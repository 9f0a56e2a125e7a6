import { setTimeout as sleep } from 'node:timers/promises';
import type { Exit, OnOutput, ProxyIdentity, RunningProxy } from '../../envoy/runtime.ts';
import { removeAdmin } from '../envoy/admin-folder.ts';
import { type DockerContext, troubleOf } from './docker-context.ts';
import { dockerFailure, isAway } from './docker-errors.ts';
import { exitOf } from './exit.ts';
import { keepImage } from './keeper.ts';

export interface Found extends ProxyIdentity {
	readonly image: string;
	readonly startedAt: string;
}

/** A container that runs, looked after until it has ended. Docker may come and go meanwhile. */
export function attach(yard: DockerContext, id: string, found: Found, onOutput: OnOutput): RunningProxy {
	yard.tended.add(id);
	const exited = exitOf(yard, id, onOutput).finally(() => {
		yard.tended.delete(id);
		removeAdmin(found);
	});
	return {
		...found,
		id: id.slice(0, 12),
		exited,
		stop: (graceMs) => stop(yard, id, exited, graceMs),
		promote: () => promote(yard, id),
	};
}

/** From an end until Docker has told of it, on a busy machine. */
const LATE_MS = 3_000;
const KILLED: Exit = { code: undefined, signal: 'SIGKILL' };

/** Removing is what ends it for good: nothing of it is left to be started by hand. */
async function stop(yard: DockerContext, id: string, exited: Promise<Exit>, graceMs: number): Promise<Exit> {
	const { engine } = yard;
	try {
		// What it ended with is read before it is gone.
		await (graceMs > 0 ? engine.stop(id, Math.ceil(graceMs / 1_000)) : engine.kill(id));
		const exit = await Promise.race([exited, sleep(LATE_MS, undefined)]);
		await engine.discard(id);
		return exit ?? (await Promise.race([exited, sleep(LATE_MS, KILLED)]));
	} catch (error) {
		if (isAway(error)) yard.problem = troubleOf(yard, error);
		throw dockerFailure('stop Envoy', engine.socket, error);
	}
}

async function promote(yard: DockerContext, id: string): Promise<void> {
	const { engine, name } = yard;
	const { Name } = await engine.inspect(id);
	if (Name !== `/${name}`) await engine.rename(id, name);
	await keepImage(yard, id);
}
