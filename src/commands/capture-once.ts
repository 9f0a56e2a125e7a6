import type { DaemonContext } from '../daemon/daemon-context.ts';
import { failureOf } from '../failure.ts';
import { createConnections } from '../host/sockets/socket-connections.ts';
import { type Hit, interceptSurveyed } from '../reconcile/resolve.ts';
import { captureWhole } from '../reconcile/staged-capture.ts';

/** Both stages in one go, by whoever does not stay: what is open is tracked before all of it is captured. */
export async function captureOnce(survey: DaemonContext, signal: AbortSignal): Promise<Hit> {
	const { known, ...aim } = await interceptSurveyed(survey, signal);
	const { host, capture, config } = survey;
	const ports = new Set<number>([config.ingressPort, config.egressPort]);
	try {
		const openings = { connections: createConnections(), capture, ports };
		return { ...aim, ...(await captureWhole(host, aim.target, known, openings, signal)) };
	} catch (error) {
		return { ...aim, known, limited: failureOf(error).message };
	}
}
