import type { Capture } from '../ruleset/capture.ts';
import type { IdRange } from '../values/units.ts';
import type { Listener } from './connections.ts';

/**
 * Detects a redirect loop: the program on Envoy's port runs as a user whose traffic is captured (flaw 22). '' if there is
 * none, or if groups are ignored, as a socket does not show its group.
 */
export function proxyLoopRisk(capture: Capture, listeners: readonly Listener[]): string {
	const { egressPort, ignoreUids, ignoreGids, ignoreUnits, onlyUids, onlyGids, onlyUnits } = capture;
	if (ignoreGids.length + ignoreUnits.length > 0) return '';
	const isCaptured = ({ uid }: Listener) =>
		!holds(ignoreUids, uid) && (onlyUids.length + onlyGids.length + onlyUnits.length === 0 || holds(onlyUids, uid));
	const captured = listeners.find((listener) => listener.port === egressPort && isCaptured(listener));
	if (captured === undefined) return '';
	return `port ${egressPort} was opened by user ${captured.uid}, whose traffic is captured: Envoy's connections would be redirected back to it in a loop; add Envoy's user to ignoreUids (APPMESH_IGNORE_UID)`;
}

const holds = (ranges: readonly IdRange[], id: number): boolean =>
	ranges.some(({ from, to }) => from <= id && id <= to);
