import type { EnvoySpec } from './spec.ts';
import type { SupervisorState } from './supervisor-state.ts';

/**
 * Whoever binds the port that everybody may read on (it is above 1023, so any user may) keeps no Envoy from traffic that
 * has carried some before: what comes next does without that listener while the port is taken.
 */
export async function withoutTaken({ supervision }: SupervisorState, plan: EnvoySpec): Promise<EnvoySpec> {
	const { adminPort, uid } = plan.spec;
	// What Envoy's user has open there may be one of ours, which shares it or is about to end.
	const isTaken = (await supervision.listeners()).some((one) => one.port === adminPort && one.uid !== uid);
	if (!isTaken) return plan;
	const ports = Object.entries(plan.ports).filter(([, port]) => port !== adminPort);
	return { ...plan, spec: { ...plan.spec, adminPort: 0 }, ports: Object.fromEntries(ports) };
}
