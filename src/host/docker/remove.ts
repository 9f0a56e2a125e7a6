import { readlinkSync } from 'node:fs';
import { discard, tolerating } from './container.ts';
import { dockerFailure } from './failure.ts';
import { OWNER } from './runtime.ts';

const STOP_GRACE_S = 5;

/** Ends the containers of every turnout in this network namespace; others may share the Docker. */
export async function removeContainers(socketPath: string): Promise<void> {
	const { default: Engine } = await import('dockerode');
	const docker = new Engine({ socketPath });
	try {
		const all = await docker.listContainers({ all: true, filters: { label: [OWNER] } });
		for (const { Id } of all) {
			const container = docker.getContainer(Id);
			await tolerating(async () => {
				const { State } = await container.inspect();
				// Nobody's traffic goes through one that does not run.
				if (State.Running && !isHere(State.Pid)) return;
				await tolerating(() => container.stop({ t: STOP_GRACE_S }));
				await discard(container);
			});
		}
	} catch (error) {
		throw dockerFailure('take away the containers of Envoy', socketPath, error);
	}
}

function isHere(pid: number): boolean {
	try {
		return readlinkSync(`/proc/${pid}/ns/net`) === readlinkSync('/proc/self/ns/net');
	} catch {
		return false;
	}
}
