import { type Family, single } from '../values/units.ts';
import type { Capture } from './capture.ts';
import { ignoredInterfaces, ignoredPorts, ignoredSources } from './exclusions.ts';
import type { Chain, Match, Reason, Rule, Ruleset } from './model.ts';

/** Keeps other hosts from connecting to Envoy's own ports. A family that is not captured needs it too, as Envoy may listen on its addresses. */
export const buildGuard = (capture: Capture): Ruleset => (capture.guard ? [guardChain(capture)] : []);

/** Remote traffic to this host, without forwarded traffic (flaw 15). */
export const arriving: readonly Match[] = [
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
				role: 'guard',
				setting: 'guard',
				because: "nobody dials Envoy's own listeners from outside",
			},
		],
	};
}

export const hasIngress = ({ appPorts }: Pick<Capture, 'appPorts'>): boolean => appPorts === '*' || appPorts.length > 0;

/**
 * Redirects remote traffic to the application's ports; no chain where there are none. With TPROXY it only keeps others from
 * translating what mangle has handed to Envoy already.
 */
export function buildIngress(capture: Capture, family: Family): Chain[] {
	if (!hasIngress(capture)) return [];
	return [
		{
			table: 'nat',
			name: 'APPMESH_INGRESS',
			hooks: [{ at: 'PREROUTING', matches: opening, because: 'connections from other hosts to this one' }],
			rules: [...ingressExclusions(capture, family), ...ingressRules(capture)],
			...(capture.appPorts === '*' ? {} : { otherwise: notAnAppPort }),
		},
	];
}

const notAnAppPort: Reason = { setting: 'appPorts', because: 'only application ports are captured, and this is none' };

export const ingressExclusions = (capture: Capture, family: Family): Rule[] => [
	...ignoredInterfaces(capture, 'in'),
	...ignoredSources(capture, family),
	...ignoredPorts(capture, 'ingressIgnoredPorts'),
];

export const applicationPorts = (appPorts: Capture['appPorts']): readonly Match[] =>
	appPorts === '*' ? [] : [{ kind: 'ports', ports: appPorts }];

function ingressRules(capture: Capture): Rule[] {
	const { appPorts, ingressPort, ingressMode, filtersBridges } = capture;
	const ports = applicationPorts(appPorts);
	const redirect: Rule = {
		matches: ports,
		verdict: { kind: 'redirect', port: ingressPort },
		role: 'redirect',
		setting: 'appPorts',
		because: "application ports enter through Envoy's inbound listener",
	};
	if (ingressMode === 'redirect') return [redirect];
	const kept: Rule = {
		...redirect,
		verdict: { kind: 'keep-destination' },
		because: 'application ports: Envoy has them from TPROXY',
	};
	return filtersBridges === true ? [{ ...redirect, matches: [...ports, { kind: 'bridged' }] }, kept] : [kept];
}
