import { existsSync } from 'node:fs';
import { type Given, usage } from '../../cli/arguments.ts';
import { type CommandContext, showExplained } from '../../cli/daemon-commands.ts';
import { loadSettings } from '../../config/load.ts';
import { socketOf } from '../../config/quick-lookup.ts';
import { resolveCapture } from '../../config/resolve-ids.ts';
import { failureOf } from '../../failure.ts';
import { backends } from '../../firewall/backends.ts';
import { mayChangeNetwork } from '../../host/capabilities.ts';
import { findCgroups } from '../../host/cgroups/find-cgroups.ts';
import { resolveIds } from '../../host/files/accounts.ts';
import { openHost } from '../../host/open-host.ts';
import { probe } from '../../host/sockets/probe.ts';
import { createClient } from '../../localapi/client.ts';
import type { ExplainedConnection, ExplainReply, ExplainRequest } from '../../localapi/explained.ts';
import { buildDesiredRules } from '../../reconcile/desired.ts';
import { computeDesired } from '../../reconcile/resolve.ts';
import { localRoutingOf } from '../../routing/local-routing.ts';
import { unitsOf } from '../../ruleset/exclusions.ts';
import { keepsClient } from '../../ruleset/keep-client.ts';
import { families } from '../../values/units.ts';
import { withMeshPorts } from '../mesh-ports.ts';
import { resolveContext } from '../resolve-context.ts';
import { answerRequest, explainOnHost } from './explain-on-host.ts';

/** `turnout explain out 203.0.113.10:443`: by the running daemon, whose settings hold; else by this process. */
export async function explainConnection(
	given: Given,
	asked: ExplainRequest,
	terminal: CommandContext,
): Promise<number> {
	const request = asked.out === undefined ? asked : { user: String(process.getuid?.() ?? 0), ...asked };
	const isProbed = given['probe'] === true;
	if (isProbed && (request.out === undefined || request.unit !== undefined))
		throw usage('--probe takes a connection of this host, of no unit: out HOST:PORT');
	const reply = (await byDaemon(given, request)) ?? (await byThisProcess(given, request, terminal.signal));
	return showExplained(isProbed ? await probed(reply) : reply, terminal);
}

async function probed(reply: ExplainReply): Promise<ExplainReply> {
	return { ...reply, connections: await Promise.all(reply.connections.map(withProbe)) };
}

async function withProbe(of: ExplainedConnection): Promise<ExplainedConnection> {
	const { to, port, uid, gid } = of;
	if (uid === undefined || gid === undefined) throw usage('--probe takes a connection of this host, without --from');
	const found = await probe({ family: to.includes(':') ? 'ipv6' : 'ipv4', address: to, port, uid, gid });
	const expected = of.kernel ?? of.settings;
	const isAnswered = found.outcome === 'answered';
	return { ...of, probe: { ...found, agrees: !isAnswered || found.redirectedTo === expected.port } };
}

/** Undefined: there is none to ask, or other settings are meant. */
async function byDaemon(given: Given, request: ExplainRequest): Promise<ExplainReply | undefined> {
	const socket = socketOf(given);
	if (typeof given['config'] === 'string' || !existsSync(socket)) return undefined;
	return createClient(socket)
		.explain(request)
		.catch((error) => {
			if (['not-running', 'permission'].includes(failureOf(error).code)) return undefined;
			throw error;
		});
}

async function byThisProcess(given: Given, request: ExplainRequest, signal: AbortSignal): Promise<ExplainReply> {
	const file = given['config'];
	const loaded = await loadSettings({ flags: {}, ...(typeof file === 'string' ? { file } : {}) });
	if (!mayChangeNetwork()) return bySettingsAlone(loaded, request, signal);
	const host = await openHost(backends, signal);
	const context = await resolveContext(host, loaded, undefined, signal);
	const desired = await computeDesired(context);
	return explainOnHost({ loaded, context, desired, interception: undefined }, request, signal);
}

/** As far as it goes without root. */
async function bySettingsAlone(
	loaded: Awaited<ReturnType<typeof loadSettings>>,
	request: ExplainRequest,
	signal: AbortSignal,
): Promise<ExplainReply> {
	const whole = await withMeshPorts(loaded);
	const { config } = whole;
	const asked = await resolveCapture(whole, resolveIds);
	const capture = { ...asked, cgroups: findCgroups(unitsOf(asked)) };
	const captured = families.filter((family) => family === 'ipv4' || config.ipv6 !== '0');
	const target = buildDesiredRules(
		capture,
		'iptables-nft',
		captured,
		localRoutingOf(config, keepsClient(capture)),
		families,
	);
	const desired = { target, ipv6BypassReason: config.ipv6 === '0' ? 'ipv6 is 0' : '' };
	return answerRequest(request, { loaded, context: { config, capture }, desired }, signal, {
		interception: 'unknown',
		installed: { unread: 'what is installed now can be read by root only' },
		notes: [],
	});
}
