import type { DaemonContext } from '../daemon/daemon-context.ts';
import { failureOf } from '../failure.ts';
import { createConnections } from '../host/sockets/socket-connections.ts';
import { firewallOf } from '../reconcile/host.ts';
import { type AppliedState, applyDesired } from '../reconcile/resolve.ts';
import { captureWhole } from '../reconcile/staged-capture.ts';

/** Applies both stages at once, for commands without a daemon. Open connections are tracked before the second stage. */
export async function captureOnce(context: DaemonContext, signal: AbortSignal): Promise<AppliedState> {
	const { lastRead, ...desired } = await applyDesired(context, signal, undefined, true);
	const { host, capture, config } = context;
	const ports = new Set<number>([config.ingressPort, config.egressPort]);
	try {
		const openings = { connections: createConnections(), capture, ports };
		return { ...desired, ...(await captureWhole(host, desired.target, lastRead, openings, signal)) };
	} catch (error) {
		const { dialect } = desired.target;
		const installed = await firewallOf(host, dialect).read(signal);
		return { ...desired, lastRead: new Map(lastRead).set(dialect, installed), limited: failureOf(error).message };
	}
}
