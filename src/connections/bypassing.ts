import { buildRuleset } from '../ruleset/build.ts';
import type { Capture } from '../ruleset/capture.ts';
import { type ConnectionAttempt, createEvaluator, type Evaluator } from '../ruleset/evaluate.ts';
import type { Family } from '../values/units.ts';
import type { OpenConnection, SocketDetails, SocketDetailsRequest } from './connections.ts';

/** What has to be known of connections beyond the table of sockets. */
export const requiredDetails = ({ ignoreGids, onlyGids, interfacesIgnored }: Capture): SocketDetailsRequest => ({
	groups: ignoreGids.length + onlyGids.length > 0,
	interfaces: interfacesIgnored.length > 0,
});

/**
 * Those of the connections that the rules would capture, were they opened now. Where something is not known that the
 * settings ask for, a connection is none of them: nobody is cut off by a guess.
 */
export function wouldCapture(
	connections: readonly OpenConnection[],
	capture: Capture,
	families: readonly Family[],
	asides: SocketDetails,
): OpenConnection[] {
	const judges = new Map(families.map((family) => [family, createEvaluator(buildRuleset(capture, family), family)]));
	return connections.filter((connection) => {
		const judge = judges.get(connection.family);
		if (judge === undefined || isEnvoys(connection, capture)) return false;
		return isCapturable(connection, judge, capture, asides);
	});
}

/** What Envoy has accepted has come to it already. */
const isEnvoys = ({ isAccepted, local }: OpenConnection, { ingressPort, egressPort }: Capture): boolean =>
	isAccepted && (local.port === ingressPort || local.port === egressPort);

function isCapturable(connection: OpenConnection, judge: Evaluator, capture: Capture, asides: SocketDetails): boolean {
	const { isAccepted, isHostLocal, local, remote, uid } = connection;
	const through = requiredDetails(capture).interfaces ? asides.interfaceOf(connection) : '';
	if (through === undefined) return false;
	const common = { interface: through, isFromHere: !isAccepted || isHostLocal, isToHere: isAccepted || isHostLocal };
	if (isAccepted) {
		const opening: ConnectionAttempt = { ...common, from: remote.address, to: local.address, port: local.port };
		return typeof judge('PREROUTING', opening) === 'number';
	}
	const gid = requiredDetails(capture).groups ? asides.groupOf(connection) : 0;
	const opening: ConnectionAttempt = {
		...common,
		from: local.address,
		to: remote.address,
		port: remote.port,
		uid,
		gid,
	};
	return gid !== undefined && typeof judge('OUTPUT', opening) === 'number';
}
