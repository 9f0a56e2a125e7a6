import { type Given, usage } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import { loadSettings } from '../config/load.ts';
import type { Loaded } from '../config/merge-sources.ts';
import { socketOf } from '../config/quick-lookup.ts';
import { proxyLoopRisk } from '../connections/loop-check.ts';
import type { DaemonContext } from '../daemon/daemon-context.ts';
import { comeFirst } from '../daemon/rule-order.ts';
import { Failure } from '../failure.ts';
import { backends } from '../firewall/backends.ts';
import { type OpenHost, openHost } from '../host/open-host.ts';
import { readListeners } from '../host/sockets/listeners.ts';
import type { AppliedState } from '../reconcile/resolve.ts';
import { type RoutingTarget, readRouting, takenOf } from '../routing/apply-routes.ts';
import type { Routing } from '../routing/routing.ts';
import { whyLeftOut } from '../routing/taken.ts';
import type { Capture } from '../ruleset/capture.ts';
import { unitsOf } from '../ruleset/exclusions.ts';
import { limitedWhy } from '../status/tracking-condition.ts';
import { refuseUnwanted } from './beside-daemon.ts';
import { captureOnce } from './capture-once.ts';
import { firstDifference } from './first-difference.ts';
import { sessionRisk } from './open-logins.ts';
import { resolveContext } from './resolve-context.ts';
import { settingsArguments } from './settings-options.ts';

export interface InitReport {
	readonly backend: { readonly name: string; readonly why: string };
	readonly families: readonly string[];
	/** Rules committed and read back, both families together. */
	readonly rules: number;
	readonly notices: readonly string[];
}

/** Applies rules and routes once and reads them back, without a daemon. Envoy is run by another program here. */
export async function interceptOnce(host: OpenHost, context: DaemonContext, signal: AbortSignal): Promise<InitReport> {
	const others = host.createForeignRulesReader();
	await others.chains();
	const hit = await interceptFor(context, signal);
	const { target, capture, ipv6BypassReason, limited } = hit;
	const warnings = [
		ipv6BypassReason === '' ? '' : `IPv6 bypasses Envoy: ${ipv6BypassReason}`,
		limited === undefined ? '' : limitedWhy(limited),
		...(await comeFirst(others, { context, hit }, signal)),
		proxyLoopRisk(context.capture, await readListeners()),
		await sessionRisk(context.capture, target.families, process.env),
		await leftOut(host.routing, target),
		unitsOfNow(capture),
	];
	return {
		backend: context.backend,
		families: target.families,
		rules: hit.lastRead.get(target.dialect)?.ruleCount ?? 0,
		notices: [...context.notices, ...warnings.filter((notice) => notice !== '')],
	};
}

async function leftOut(routing: Routing, target: RoutingTarget): Promise<string> {
	const taken = takenOf(await readRouting(routing), target);
	return taken === undefined ? '' : `policy rule and route: ${whyLeftOut(taken).why}`;
}

function unitsOfNow(capture: Capture): string {
	if (unitsOf(capture).length === 0) return '';
	const running = (capture.cgroups ?? []).map(({ unit }) => unit).join(', ') || 'none of them';
	return `units: the rules know those that run now (${running}), until their next start; only the daemon follows them`;
}

const ATTEMPTS = 3;

/** Repeats until the read-back matches: a concurrent `turnout clean` may remove some of our rules meanwhile. */
async function interceptFor(context: DaemonContext, signal: AbortSignal): Promise<AppliedState> {
	for (let attempt = 1; ; attempt += 1) {
		const hit = await captureOnce(context, signal);
		const what = await firstDifference(context.host, hit.target, signal, hit.lastRead.get(hit.target.dialect));
		if (what === undefined) return hit;
		if (attempt < ATTEMPTS) continue;
		throw new Failure(
			'interrupted',
			`Cannot keep rules and routes: another program removes them: ${what}`,
			'Try again',
		);
	}
}

/** `--task-definition`: what its proxyConfiguration says, instead of a file of settings. */
async function settingsGiven(given: Given): Promise<Loaded> {
	const path = given['task-definition'];
	const settings = settingsArguments(given);
	if (typeof path !== 'string') return loadSettings(settings);
	if (settings.file !== undefined)
		throw usage('--config and --task-definition say the same settings; give one of them');
	const { readTask } = await import('./convert.ts');
	return loadSettings(settings, readTask(path).settings);
}

export async function init(given: Given, { out, isJson, signal }: CommandContext): Promise<number> {
	await refuseUnwanted(socketOf(given));
	const host = await openHost(backends, signal);
	const loaded = await settingsGiven(given);
	const report = await interceptOnce(host, await resolveContext(host, loaded, undefined, signal), signal);
	const { backend, families, rules } = report;
	const notices = [...loaded.notices, ...report.notices];
	const text = `Interception is on: ${rules} rules for ${families.join(' and ')} in ${backend.name} (${backend.why}), verified\n`;
	out(
		isJson ? `${JSON.stringify({ ...report, notices })}\n` : [text, ...notices.map((notice) => `${notice}\n`)].join(''),
	);
	return 0;
}
