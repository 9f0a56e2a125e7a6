import { createOrder } from './daemon/order.ts';
import type { DaemonParts, Inspect } from './daemon/parts.ts';
import { readConntrackUsage } from './host/conntrack/usage.ts';
import { createDormantReader } from './host/dormant.ts';
import { readListeners } from './host/listeners.ts';
import { createOthersReader } from './host/others.ts';
import type { Tools } from './host/tools.ts';
import type { Log } from './log.ts';
import { envoyUser } from './ruleset/answers.ts';
import { conntrackFact } from './telemetry/conntrack.ts';
import { tablesFact } from './telemetry/dormant.ts';
import { trackingFact } from './telemetry/limited.ts';
import { cookiesFact, portsFact, strangerAmong } from './telemetry/port-owners.ts';
import { holderAmong, readableFact } from './telemetry/readable.ts';

/** What status looks at beside rules, routes and Envoy. */
export async function createLooks(
	tools: readonly Tools[],
	log: Log,
): Promise<Pick<DaemonParts, 'order' | 'inspections'>> {
	const others = createOthersReader(tools);
	// What is there before anything of ours is.
	await others.chains();
	const order = createOrder(others, log);
	return {
		order,
		inspections: [
			inspectConntrack,
			createPortsInspect(),
			createReadableInspect(),
			inspectCookies,
			inspectTracking,
			createTablesInspect(),
			order.inspect,
		],
	};
}

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

/** Only of an Envoy of ours; see createPortsInspect. */
function createReadableInspect(): Inspect {
	let known = { of: '', owner: '' };
	return async ({ survey, isOn }) => {
		const { egressPort, envoy } = survey.config;
		if (envoy.runtime === 'none') return [];
		const readable = { adminPort: envoy.adminPort, egressPort, uid: envoyUser(survey.capture.ignoreUids) };
		const listeners = isOn ? await readListeners() : [];
		const holder = holderAmong(readable, listeners);
		const of = holder === undefined ? '' : `${holder.port} ${holder.uid}`;
		if (of !== known.of) known = { of, owner: holder?.owner() ?? '' };
		return [readableFact(readable, listeners, holder, known.owner)];
	};
}

const inspectCookies: Inspect = async ({ survey, isOn }) => [
	cookiesFact(isOn && survey.capture.hasOnlyCookies === true),
];

const inspectTracking: Inspect = async ({ aim, isOn }) => [trackingFact(isOn ? aim.limited : undefined)];

function createTablesInspect(): Inspect {
	const readDormant = createDormantReader();
	return async ({ survey, isOn }) => [
		tablesFact(isOn && survey.backend.name === 'iptables-nft' ? await readDormant() : []),
	];
}
