import type { PortRange } from '../values/units.ts';
import type { Capture } from './capture.ts';
import type { Chain, Hook, Match } from './model.ts';

/**
 * Which packets of a connection the rules capture. `syn`: the SYN only, as open connections may be untracked. `all`:
 * also later packets, so that a captured connection whose conntrack entry was lost is redirected again; by then the
 * connections that were open before are tracked (see reconcile/staged-capture.ts).
 */
export type Stage = 'syn' | 'all';

/** The kernel's default for net.ipv4.ip_local_port_range. */
const USUAL_PORTS = { from: 32_768, to: 60_999 } as PortRange;
const LAST_PORT = 65_535;

/**
 * Extends a chain to later packets. Such a packet does not say who opened its connection: a reply of this host's SSH
 * server must not count as outbound, nor a reply of a remote server as inbound. So an outbound one must come from an
 * ephemeral port, and an inbound one must go to a listed app port or, with `*`, to a port that is not ephemeral.
 */
export function wholeOf(chain: Chain, capture: Capture): Chain {
	return { ...chain, hooks: [...chain.hooks, ...chain.hooks.flatMap((hook) => laterHook(chain, hook, capture))] };
}

function laterHook({ name }: Chain, hook: Hook, capture: Capture): Hook[] {
	const matches = withoutSyn(hook);
	if (name === 'APPMESH_EGRESS') return [{ ...hook, matches: [notSyn, callers(capture), ...matches] }];
	if (name !== 'APPMESH_INGRESS') return [];
	return [{ ...hook, matches: [notSyn, ...(capture.appPorts === '*' ? [servers(capture)] : []), ...matches] }];
}

/** The SYN has been through the chain already and must not be counted twice. */
export const notSyn: Match = { kind: 'not-syn' };

/** It is for packets of connections that are open. */
export const isOfSecondStage = ({ matches }: Hook): boolean =>
	matches.some((match) => match.kind === 'not-syn' || (match.kind === 'state' && match.states.includes('INVALID')));

export const withoutSyn = ({ matches }: Hook): readonly Match[] =>
	matches.filter(({ kind }) => kind !== 'syn' && kind !== 'not-syn');

const callers = ({ callerPorts = USUAL_PORTS }: Capture): Match => ({ kind: 'own-ports', ports: [callerPorts] });

/** With `*`: a later packet to another port may be of a connection that this host opened. */
export function servers({ callerPorts: { from, to } = USUAL_PORTS }: Capture): Match {
	const below = { from: 1, to: Math.max(from - 1, 1) } as PortRange;
	return { kind: 'ports', ports: to < LAST_PORT ? [below, { from: to + 1, to: LAST_PORT } as PortRange] : [below] };
}
