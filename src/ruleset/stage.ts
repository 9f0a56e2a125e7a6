import type { PortRange } from '../values/units.ts';
import type { Capture } from './capture.ts';
import type { Chain, Hook, Match } from './model.ts';

/**
 * What of a connection is captured. `opening`: its first packet only, as nobody may have tracked those that are open. `all`:
 * also a later one, by which the kernel knows anew a connection that it had forgotten; those that were open before are
 * tracked by then (see reconcile/staged-capture.ts).
 */
export type Stage = 'opening' | 'all';

/** The kernel's default for net.ipv4.ip_local_port_range. */
const USUAL_PORTS = { from: 32_768, to: 60_999 } as PortRange;
const LAST_PORT = 65_535;

/**
 * A later packet does not say who has opened its connection: an answer of this host's SSH server is not to be taken for what
 * a program here sends, nor an answer of a remote server for what a client sends. So one that leaves has to come from a port
 * that the kernel gives to callers, and one that arrives has to go to an app port that is named, or to none of those.
 */
export function wholeOf(chain: Chain, capture: Capture): Chain {
	const later = chain.hooks.flatMap((hook) => laterHook(chain, hook, capture));
	const isInPlace = chain.name === 'APPMESH_INGRESS' && capture.appPorts !== '*';
	return { ...chain, hooks: isInPlace ? later : [...chain.hooks, ...later] };
}

function laterHook({ name }: Chain, hook: Hook, capture: Capture): Hook[] {
	const matches = withoutOpening(hook);
	if (name === 'APPMESH_EGRESS') return [{ ...hook, matches: [goingOn, callers(capture), ...matches] }];
	if (name !== 'APPMESH_INGRESS') return [];
	return [{ ...hook, matches: capture.appPorts === '*' ? [goingOn, servers(capture), ...matches] : matches }];
}

/** What opens a connection has been through the chain by then: it is not counted twice. */
const goingOn: Match = { kind: 'going-on' };

export const withoutOpening = ({ matches }: Hook): readonly Match[] =>
	matches.filter(({ kind }) => kind !== 'opening' && kind !== 'going-on');

const callers = ({ callerPorts = USUAL_PORTS }: Capture): Match => ({ kind: 'own-ports', ports: [callerPorts] });

function servers({ callerPorts: { from, to } = USUAL_PORTS }: Capture): Match {
	const below = { from: 1, to: Math.max(from - 1, 1) } as PortRange;
	return { kind: 'ports', ports: to < LAST_PORT ? [below, { from: to + 1, to: LAST_PORT } as PortRange] : [below] };
}
