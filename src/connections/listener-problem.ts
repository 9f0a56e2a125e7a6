import type { Capture } from '../ruleset/capture.ts';
import type { Family } from '../values/units.ts';
import type { Listener } from './connections.ts';
import { gapsIn, gapText, isSilent, lanesOf } from './listener-gaps.ts';
import { proxyLoopRisk } from './loop-check.ts';

/** Who is to listen on Envoy's ports. */
export interface Listened {
	readonly capture: Capture;
	readonly families: readonly Family[];
	/** Somebody else runs Envoy. */
	readonly isOthers: boolean;
}

/** Why captured connections find no Envoy, or come back to it, by what the kernel has; '' where all is well. */
export function listenerProblem({ capture, families, isOthers }: Listened, listeners: readonly Listener[]): string {
	const gaps = gapsIn(lanesOf(capture), families, listeners);
	const silent = gaps.filter(isSilent).map(({ lane }) => lane.port);
	if (silent.length > 0)
		return `nobody listens on ${silent.length === 1 ? 'port' : 'ports'} ${silent.join(' and ')}, captured connections fail`;
	if (gaps.length > 0) return gaps.map((gap) => gapText(gap, families)).join('; ');
	return isOthers ? proxyLoopRisk(capture, listeners) : '';
}
