import { readConfig } from '../config/merge-sources.ts';
import type { FileSettings } from '../config/yaml.ts';
import type { DaemonContext } from '../daemon/daemon-context.ts';
import { comeFirst } from '../daemon/rule-order.ts';
import { backends } from '../firewall/backends.ts';
import { type OpenHost, openHost } from '../host/open-host.ts';
import { countAccepted } from '../host/sockets/listeners.ts';
import { remove } from '../reconcile/apply.ts';
import { computeDesired } from '../reconcile/resolve.ts';
import { begin, converse, type RouteManagerActions, refusal } from '../route-manager/conversation.ts';
import { refuseUnwanted } from './beside-daemon.ts';
import { captureOnce } from './capture-once.ts';
import { sessionRisk } from './open-logins.ts';
import { resolveContext } from './resolve-context.ts';

const noFile: FileSettings = { values: new Map(), mistakes: [] };

/**
 * The 2019 script's contract to the letter: its variables, checks, texts, loop on standard input and exit codes. If a
 * daemon at `socket` would undo `enable`, it fails as the script does when iptables fails.
 */
export async function runRouteManager(socket: string, signal: AbortSignal): Promise<number> {
	const out = (text: string) => void process.stdout.write(text);
	const refused = refusal(process.env);
	if (refused !== undefined) {
		out(refused);
		return 1;
	}
	const loaded = readConfig({ env: scriptVariables(process.env), file: noFile, flags: {} });
	const host = await openHost(backends, signal);
	const context = await resolveContext(host, loaded, undefined, signal);
	await computeDesired(context);
	for (const notice of context.notices) process.stderr.write(`${notice}\n`);
	const actions = actionsOf(host, context, socket, signal);
	await begin(process.env, actions, out);
	const prompt = () => void (process.stdin.isTTY && process.stderr.write('> '));
	signal.addEventListener('abort', () => process.stdin.destroy(), { once: true });
	await converse(actions, { input: process.stdin, out, prompt }).catch((error) => {
		if (!signal.aborted) throw error;
	});
	process.stdin.destroy();
	return signal.aborted ? (signalCodes[signal.reason] ?? 1) : 0;
}

/** 128 plus the signal's number, a shell's exit code for a script ended by a signal (bash(1)). */
const signalCodes: Readonly<Record<string, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

const actionsOf = (
	host: OpenHost,
	context: DaemonContext,
	socket: string,
	signal: AbortSignal,
): RouteManagerActions => ({
	enable: async () => {
		await refuseUnwanted(socket);
		const others = host.createForeignRulesReader();
		await others.chains();
		const hit = await captureOnce(context, signal);
		const { target } = hit;
		for (const why of await comeFirst(others, { context, hit }, signal)) process.stderr.write(`${why}\n`);
		const risk = await sessionRisk(context.capture, target.families, process.env);
		// On standard error, as programs parse the script's standard output.
		if (risk !== '') process.stderr.write(`${risk}\n`);
	},
	disable: async () => {
		await remove(context.host, { keepConntrack: true }, signal);
		const { ingressPort, egressPort } = context.config;
		if ((await countAccepted([ingressPort, egressPort])) === 0)
			await remove(context.host, { keepConntrack: false }, signal);
	},
	status: () => host.raw(context.backend.name, context.config.routeTable),
});

/** The variables that the script reads, with its meaning of empty and missing, plus TURNOUT_*; no others. */
function scriptVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
	const read = [
		'APPMESH_APP_PORTS',
		'APPMESH_ENVOY_INGRESS_PORT',
		'APPMESH_ENVOY_EGRESS_PORT',
		'APPMESH_EGRESS_IGNORED_PORTS',
	];
	const given = Object.entries(env).filter(([name]) => read.includes(name) || name.startsWith('TURNOUT_'));
	const ipv6 = env['APPMESH_ENABLE_IPV6'] ?? '';
	const ignoredIps = env['APPMESH_EGRESS_IGNORED_IP'] ?? '';
	return {
		...Object.fromEntries(given),
		APPMESH_IGNORE_UID: env['APPMESH_IGNORE_UID'] ?? '',
		APPMESH_IGNORE_GID: env['APPMESH_IGNORE_GID'] ?? '',
		...(ipv6 === '' ? {} : { APPMESH_ENABLE_IPV6: ipv6 }),
		...(ignoredIps === '' ? {} : { APPMESH_EGRESS_IGNORED_IP: ignoredIps }),
	};
}
