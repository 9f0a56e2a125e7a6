import type { Inspect } from './daemon/parts.ts';
import { readConntrackUsage } from './host/conntrack/usage.ts';
import { readListeners } from './host/listeners.ts';
import { conntrackFact } from './telemetry/conntrack.ts';
import { cookiesFact, portsFact, strangerAmong } from './telemetry/port-owners.ts';

/** What status looks at beside rules, routes and Envoy. */
export const createInspections = (): readonly Inspect[] => [inspectConntrack, createPortsInspect(), inspectCookies];

const inspectConntrack: Inspect = async () => {
	const usage = readConntrackUsage();
	return usage === undefined ? [] : [conntrackFact(usage)];
};

/** Which program it is, is looked up once: that takes all of /proc, and status is asked all the time. */
function createPortsInspect(): Inspect {
	let known = { of: '', owner: '' };
	return async ({ survey, isOn }) => {
		const stranger = isOn ? strangerAmong(survey.capture, await readListeners()) : undefined;
		const of = stranger === undefined ? '' : `${stranger.port} ${stranger.uid}`;
		if (of !== known.of) known = { of, owner: stranger?.owner() ?? '' };
		return [portsFact(stranger, known.owner)];
	};
}

const inspectCookies: Inspect = async ({ survey, isOn }) => [
	cookiesFact(isOn && survey.capture.hasOnlyCookies === true),
];
