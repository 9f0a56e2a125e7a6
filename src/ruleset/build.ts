import { type Family, single } from '../values/units.ts';
import { buildAnswers } from './answers.ts';
import type { Capture } from './capture.ts';
import { buildEgress } from './egress.ts';
import { ignoredAddresses, ignoredInterfaces, ignoredPorts } from './exclusions.ts';
import { buildInvalid } from './invalid.ts';
import type { Chain, Match, Rule, Ruleset } from './model.ts';
import { type Stage, wholeOf } from './stage.ts';

/** Builds the chains of one family, in the order in which they take effect: the guard before the redirects. */
export function buildRuleset(capture: Capture, family: Family, stage: Stage = 'all'): Ruleset {
	const ingress = capture.appPorts === '*' || capture.appPorts.length > 0 ? [ingressChain(capture, family)] : [];
	const capturing = [...buildEgress(capture, family), ...ingress];
	const before = [...buildGuard(capture), ...buildAnswers(capture)];
	if (stage === 'opening') return [...before, ...capturing];
	const whole = capturing.map((chain) => wholeOf(chain, capture));
	return [...before, ...buildInvalid(capture, whole), ...whole];
}

/** The chains of a family that is not captured: the guard alone, as Envoy may listen on its addresses too. */
export const buildGuard = (capture: Capture): Ruleset => (capture.guard ? [guardChain(capture)] : []);

/** Remote traffic to this host, without forwarded traffic (flaw 15). */
const arriving: readonly Match[] = [
	{ kind: 'local', end: 'source', is: false },
	{ kind: 'local', end: 'destination', is: true },
];

const opening: readonly Match[] = [{ kind: 'syn' }, ...arriving];

/**
 * In mangle, which sees the original destination port, before nat rewrites it. SYN only: in later packets the port may be
 * the local port of a connection that this host opened.
 */
function guardChain({ ingressPort, egressPort }: Capture): Chain {
	const ports = [ingressPort, egressPort].sort((a, b) => a - b).map(single);
	return {
		table: 'mangle',
		name: 'APPMESH_INGRESS',
		hooks: [{ at: 'PREROUTING', matches: opening, because: 'connections from other hosts to this one' }],
		rules: [
			{
				matches: [{ kind: 'ports', ports }],
				verdict: { kind: 'drop' },
				because: "nobody dials Envoy's own listeners from outside",
			},
		],
	};
}

function ingressChain(capture: Capture, family: Family): Chain {
	return {
		table: 'nat',
		name: 'APPMESH_INGRESS',
		hooks: [
			{
				at: 'PREROUTING',
				matches: opening,
				because: 'connections from other hosts to this one',
			},
		],
		rules: [...ingressExclusions(capture, family), ingressRedirect(capture)],
	};
}

const ingressExclusions = (capture: Capture, family: Family): Rule[] => [
	...ignoredInterfaces(capture.interfacesIgnored, 'in'),
	...ignoredAddresses(capture.ingressIgnoredIps, family, 'from'),
	...ignoredPorts(capture.ingressIgnoredPorts),
];

function ingressRedirect({ appPorts, ingressPort }: Capture): Rule {
	return {
		matches: appPorts === '*' ? [] : [{ kind: 'ports', ports: appPorts }],
		verdict: { kind: 'redirect', port: ingressPort },
		because: "application ports enter through Envoy's inbound listener",
	};
}
