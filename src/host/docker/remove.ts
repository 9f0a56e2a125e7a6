import { readlinkSync } from 'node:fs';
import { OWNER } from './container-spec.ts';
import { dockerFailure, statusOf } from './docker-errors.ts';
import { createEngine } from './engine.ts';
import { KEEPER } from './keeper.ts';

const STOP_GRACE_S = 5;

/** Removes the containers of every turnout in this network namespace; Docker may have some of other namespaces. */
export async function removeContainers(socketPath: string): Promise<void> {
	const engine = await createEngine(socketPath);
	try {
		for (const { Id } of [...(await engine.list(OWNER)), ...(await engine.list(KEEPER))]) {
			const info = await engine.inspect(Id).catch((error) => {
				if (statusOf(error) !== 404) throw error;
			});
			// A stopped one carries no traffic, whichever namespace it is of.
			if (info === undefined || (info.State.Running && !isHere(info.State.Pid))) continue;
			await engine.stop(Id, STOP_GRACE_S);
			await engine.discard(Id);
		}
	} catch (error) {
		throw dockerFailure('remove the containers of Envoy', socketPath, error);
	}
}

function isHere(pid: number): boolean {
	try {
		return readlinkSync(`/proc/${pid}/ns/net`) === readlinkSync('/proc/self/ns/net');
	} catch {
		return false;
	}
}
