import type { Listener } from '../../connections/connections.ts';
import { listenerProblem } from '../../connections/listener-problem.ts';
import { opaqueAmong, strangerAmong } from '../../connections/port-owners.ts';
import { envoyFindings } from '../../doctor/envoy-check.ts';
import { type Finding, findingOf } from '../../doctor/finding.ts';
import { hasIpv6Sockets } from '../../host/ipv6.ts';
import { findProgram } from '../../host/process/find-program.ts';
import { readListeners } from '../../host/sockets/listeners.ts';
import { envoyUser } from '../../ruleset/answers.ts';
import type { Capture } from '../../ruleset/capture.ts';
import { holderAmong, readableFact } from '../../status/admin-condition.ts';
import type { Fact } from '../../status/conditions.ts';
import { opaqueFact, strangerFact } from '../../status/port-condition.ts';
import type { Family } from '../../values/units.ts';
import type { Check, Examination } from './examination.ts';

/** Envoy, and who has its ports. */
export const listenerChecks: readonly Check[] = [
	{ names: ['envoy'], run: checkEnvoy },
	{
		names: ['ports'],
		run: async ({ capture }) => [findingOf(portsFact(await capture(), await readListeners()))],
	},
	{ names: ['admin'], run: checkAdmin },
];

async function checkEnvoy(of: Examination): Promise<readonly Finding[]> {
	const { runtime, command } = (await of.settings()).config.envoy;
	if (runtime === 'process') return envoyFindings({ runtime, command, program: findProgram(command) });
	if (runtime === 'docker') return envoyFindings({ runtime });
	const families = await of.desired().then(
		({ target }) => target.families,
		(): readonly Family[] => ['ipv4', ...(hasIpv6Sockets() ? (['ipv6'] as const) : [])],
	);
	const listened = { capture: await of.capture(), families, isOthers: true };
	return envoyFindings({ runtime, problem: listenerProblem(listened, await readListeners()) });
}

function portsFact(capture: Capture, listeners: readonly Listener[]): Fact {
	const stranger = strangerAmong(capture, listeners);
	if (stranger !== undefined) return strangerFact(stranger, stranger.owner());
	const opaque = opaqueAmong(capture, listeners);
	return opaque === undefined ? { subject: 'ports', ok: true } : opaqueFact(opaque, opaque.owner());
}

/** Another program's Envoy has its admin interface where that program likes. */
async function checkAdmin(of: Examination): Promise<readonly Finding[]> {
	const { egressPort, envoy } = (await of.settings()).config;
	if (envoy.runtime === 'none') return [findingOf({ subject: 'admin', ok: true })];
	const readable = { adminPort: envoy.adminPort, egressPort, uid: envoyUser(await of.capture()) };
	const listeners = await readListeners();
	const holder = holderAmong(readable, listeners);
	return [findingOf(readableFact(readable, listeners, holder, holder?.owner() ?? ''))];
}
