import { mayAnswer } from '../ruleset/answers.ts';
import type { Capture } from '../ruleset/capture.ts';
import type { Family } from '../values/units.ts';
import type { OpenConnection } from './connections.ts';

/**
 * The open connections that need an untranslated conntrack entry before later packets are captured. Leaves out captured
 * connections, on both of their sockets, as their entry is a translation. `ports`: Envoy's, former ones included.
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
