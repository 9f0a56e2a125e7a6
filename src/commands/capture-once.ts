import type { DaemonContext } from '../daemon/daemon-context.ts';
import { failureOf } from '../failure.ts';
import { createConnections } from '../host/sockets/socket-connections.ts';
import { type AppliedState, applyDesired } from '../reconcile/resolve.ts';
import { captureWhole } from '../reconcile/staged-capture.ts';

/** Applies both stages at once, for commands without a daemon. Open connections are tracked before the second stage. */
export async function captureOnce(context: DaemonContext, signal: AbortSignal): Promise<AppliedState> {
	const { lastRead, ...desired } = await applyDesired(context, signal);
	const { host, capture, config } = context;
	const ports = new Set<number>([config.ingressPort, config.egressPort]);
	try {
		const openings = { connections: createConnections(), capture, ports };
		return { ...desired, ...(await captureWhole(host, desired.target, lastRead, openings, signal)) };
	} catch (error) {
		return { ...desired, lastRead, limited: failureOf(error).message };
	}
}
