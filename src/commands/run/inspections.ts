import type { Listener } from '../../connections/connections.ts';
import { opaqueAmong, strangerAmong } from '../../connections/port-owners.ts';
import type { DaemonDependencies, Inspect } from '../../daemon/dependencies.ts';
import { createRulePrecedence } from '../../daemon/rule-order.ts';
import { readConntrackUsage } from '../../host/conntrack/usage.ts';
import { createDormantReader } from '../../host/nft/dormant.ts';
import type { OpenHost } from '../../host/open-host.ts';
import { readListeners } from '../../host/sockets/listeners.ts';
import type { Log } from '../../log.ts';
import { envoyUser } from '../../ruleset/answers.ts';
import { holderAmong, readableFact } from '../../status/admin-condition.ts';
import { conntrackFact } from '../../status/conntrack-condition.ts';
import { tablesFact } from '../../status/dormant-condition.ts';
import { listsFact } from '../../status/lists-condition.ts';
import { unservedFact } from '../../status/mesh-condition.ts';
import { cookiesFact, opaqueFact, strangerFact } from '../../status/port-condition.ts';
import { trackingFact } from '../../status/tracking-condition.ts';
import { hasDefinitions } from './assemble-mesh.ts';

/** The inspections of the host behind status, beside rules, routes and Envoy. */
export async function createInspections(
	host: OpenHost,
	log: Log,
	isMeshed: boolean,
): Promise<Pick<DaemonDependencies, 'order' | 'inspections'>> {
	const others = host.createForeignRulesReader();
	// Read before any rule of ours is added, to know which chains came first.
	await others.chains();
	const order = createRulePrecedence(others, log);
	return {
		order,
		inspections: [
			inspectConntrack,
			createPortsInspect(),
			createReadableInspect(),
			inspectCookies,
			inspectTracking,
			inspectLists,
			createTablesInspect(),
			createMeshInspect(isMeshed),
			order.inspect,
		],
	};
}

const inspectConntrack: Inspect = async () => {
	const usage = readConntrackUsage();
	return usage === undefined ? [] : [conntrackFact(usage)];
};

/** The program's name is cached: finding it scans all of /proc, and status is requested often. */
function createPortsInspect(): Inspect {
	let known = { of: '', owner: '' };
	const ownerOf = (holder: Listener): string => {
		const of = `${holder.port} ${holder.uid}`;
		if (of !== known.of) known = { of, owner: holder.owner() };
		return known.owner;
	};
	return async ({ context: { capture }, isOn }) => {
		const listeners = isOn ? await readListeners() : [];
		const stranger = strangerAmong(capture, listeners);
		if (stranger !== undefined) return [strangerFact(stranger, ownerOf(stranger))];
		const opaque = opaqueAmong(capture, listeners);
		return [opaque === undefined ? { subject: 'ports', ok: true } : opaqueFact(opaque, ownerOf(opaque))];
	};
}

/** Only for an Envoy that we run; caches as createPortsInspect does. */
function createReadableInspect(): Inspect {
	let known = { of: '', owner: '' };
	return async ({ context, isOn }) => {
		const { egressPort, envoy } = context.config;
		if (envoy.runtime === 'none') return [];
		const readable = { adminPort: envoy.adminPort, egressPort, uid: envoyUser(context.capture) };
		const listeners = isOn ? await readListeners() : [];
		const holder = holderAmong(readable, listeners);
		const of = holder === undefined ? '' : `${holder.port} ${holder.uid}`;
		if (of !== known.of) known = { of, owner: holder?.owner() ?? '' };
		return [readableFact(readable, listeners, holder, known.owner)];
	};
}

const inspectCookies: Inspect = async ({ context, isOn }) => [
	cookiesFact(isOn && context.capture.hasOnlyCookies === true),
];

const createMeshInspect =
	(isServed: boolean): Inspect =>
	async ({ context: { config } }) =>
		isServed || config.envoy.runtime === 'none' || !hasDefinitions(config) ? [] : [unservedFact(config.envoy.config)];

const inspectTracking: Inspect = async ({ desired, isOn }) => [trackingFact(isOn ? desired.limited : undefined)];

const inspectLists: Inspect = async ({ context, isOn }) => [listsFact(isOn ? context.slowLists : undefined)];

function createTablesInspect(): Inspect {
	const readDormant = createDormantReader();
	return async ({ context, isOn }) => [
		tablesFact(isOn && context.backend.name === 'iptables-nft' ? await readDormant() : []),
	];
}
