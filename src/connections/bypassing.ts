import { buildRuleset } from '../ruleset/build.ts';
import type { Capture } from '../ruleset/capture.ts';
import { createEvaluator, type Evaluator } from '../ruleset/evaluate.ts';
import type { ConnectionAttempt } from '../ruleset/match-attempt.ts';
import type { Family } from '../values/units.ts';
import type { OpenConnection, SocketDetails, SocketDetailsRequest } from './connections.ts';

/** Socket details that the settings need to decide about a connection, beyond the table of sockets. */
export const requiredDetails = ({
	ignoreGids,
	onlyGids,
	interfacesIgnored,
	cgroups = [],
}: Capture): SocketDetailsRequest => ({
	groups: ignoreGids.length + onlyGids.length > 0,
	interfaces: interfacesIgnored.length > 0,
	cgroups,
});

/**
 * The connections that the rules would capture if they were new. One with an unknown detail is left out, as no connection
 * may be ended on a guess.
 */
export function wouldCapture(
	connections: readonly OpenConnection[],
	capture: Capture,
	families: readonly Family[],
	details: SocketDetails,
): OpenConnection[] {
	const evaluators = new Map(
		families.map((family) => [family, createEvaluator(buildRuleset(capture, family), family)]),
	);
	return connections.filter((connection) => {
		const evaluate = evaluators.get(connection.family);
		if (evaluate === undefined || isEnvoys(connection, capture)) return false;
		return isCapturable(connection, evaluate, capture, details);
	});
}

/** Connections that Envoy itself has accepted. */
const isEnvoys = (
	{ isAccepted, isTransparent, local }: OpenConnection,
	{ ingressPort, egressPort }: Capture,
): boolean => isTransparent || (isAccepted && (local.port === ingressPort || local.port === egressPort));

function isCapturable(
	connection: OpenConnection,
	evaluate: Evaluator,
	capture: Capture,
	details: SocketDetails,
): boolean {
	const { isAccepted, isHostLocal, local, remote, uid } = connection;
	const through = requiredDetails(capture).interfaces ? details.interfaceOf(connection) : '';
	if (through === undefined) return false;
	const common = { interface: through, isFromHere: !isAccepted || isHostLocal, isToHere: isAccepted || isHostLocal };
	if (isAccepted) {
		const attempt: ConnectionAttempt = { ...common, from: remote.address, to: local.address, port: local.port };
		return typeof evaluate('PREROUTING', attempt) === 'number';
	}
	const { groups, cgroups: named } = requiredDetails(capture);
	const gid = groups ? details.groupOf(connection) : 0;
	const cgroups = named.length > 0 ? details.cgroupsOf(connection) : [];
	if (gid === undefined || cgroups === undefined) return false;
	const between = { from: local.address, to: remote.address, port: remote.port };
	return typeof evaluate('OUTPUT', { ...common, ...between, uid, gid, cgroups }) === 'number';
}
