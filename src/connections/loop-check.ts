import type { Capture } from '../ruleset/capture.ts';
import type { IdRange } from '../values/units.ts';
import type { Listener } from './connections.ts';

/**
 * Why whoever listens as Envoy would get its own traffic back, for ever; '' where that is not to be seen (flaw 22). A
 * group cannot be seen from a socket, so where groups are ignored nothing is said.
 */
export function proxyLoopRisk(capture: Capture, listeners: readonly Listener[]): string {
	const { egressPort, ignoreUids, ignoreGids, onlyUids, onlyGids } = capture;
	if (ignoreGids.length > 0) return '';
	const isCaptured = ({ uid }: Listener) =>
		!holds(ignoreUids, uid) && (onlyUids.length + onlyGids.length === 0 || holds(onlyUids, uid));
	const captured = listeners.find((listener) => listener.port === egressPort && isCaptured(listener));
	if (captured === undefined) return '';
	return `port ${egressPort} was opened by user ${captured.uid}, whose traffic is not ignored: what Envoy sends would come back to it for ever; add Envoy's user to ignoreUids (APPMESH_IGNORE_UID)`;
}

const holds = (ranges: readonly IdRange[], id: number): boolean =>
	ranges.some(({ from, to }) => from <= id && id <= to);
