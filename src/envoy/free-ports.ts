import type { EnvoySpec } from './spec.ts';
import type { SupervisorState } from './supervisor-state.ts';

/**
 * The port for reading the admin interface is above 1023, so any user can bind it. That must not keep Envoy from
 * restarting: while somebody else has the port, the next Envoy runs without that listener.
 */
export async function withoutTaken({ deps }: SupervisorState, plan: EnvoySpec): Promise<EnvoySpec> {
	const { adminPort, uid } = plan.spec;
	// A socket of Envoy's own user may be one of ours, which shares the port or is about to end.
	const isTaken = (await deps.listeners()).some((one) => one.port === adminPort && one.uid !== uid);
	if (!isTaken) return plan;
	const ports = Object.entries(plan.ports).filter(([, port]) => port !== adminPort);
	return { ...plan, spec: { ...plan.spec, adminPort: 0 }, ports: Object.fromEntries(ports) };
}
