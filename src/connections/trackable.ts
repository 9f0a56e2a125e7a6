import { mayAnswer } from '../ruleset/answers.ts';
import type { Capture } from '../ruleset/capture.ts';
import type { Family } from '../values/units.ts';
import type { OpenConnection } from './connections.ts';

/**
 * Those of the open connections that are to be tracked as they are. Not what is captured, whose entry is a translation, at
 * neither of its sockets: its opener's, nor Envoy's. `ports`: Envoy's, those of former settings too.
 */
export function trackable(
	open: readonly OpenConnection[],
	capture: Capture,
	families: readonly Family[],
	ports: ReadonlySet<number>,
): OpenConnection[] {
	const isEnvoys = ({ isAccepted, local, uid }: OpenConnection) =>
		isAccepted && ports.has(local.port) && mayAnswer(capture, uid) !== false;
	const callers = new Set(open.filter(isEnvoys).map(({ remote }) => `${remote.address} ${remote.port}`));
	return open.filter(
		(connection) =>
			families.includes(connection.family) &&
			!connection.isHostLocal &&
			!isEnvoys(connection) &&
			!callers.has(`${connection.local.address} ${connection.local.port}`),
	);
}
