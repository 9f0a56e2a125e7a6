import { Failure } from '../../failure.ts';
import { openRtNetlink } from './open-socket.ts';

const LOOPBACK = 1;
const up = { up: true } as const;

/** What is redirected goes over it. A network that nobody has set up yet has it down; where it is up, nothing changes. */
export async function raiseLoopback(): Promise<void> {
	try {
		await openRtNetlink().setLink({ index: LOOPBACK, flags: up, change: up }, {}, { timeout: 5_000 });
	} catch (error) {
		throw new Failure('routing', `Cannot bring up the loopback: ${String(error)}`, '`ip link set lo up`', error);
	}
}
