import type { Connections } from '../connections/connections.ts';
import { trackable } from '../connections/trackable.ts';
import { Failure } from '../failure.ts';
import type { Installed } from '../firewall/firewall.ts';
import type { Capture } from '../ruleset/capture.ts';
import type { Stage } from '../ruleset/stage.ts';
import { families } from '../values/units.ts';
import type { ActualState } from './apply.ts';
import type { DesiredRules } from './desired.ts';
import type { Host } from './host.ts';
import { type HostDifference, ruleDifferences } from './inspect.ts';

export const atStage = (target: DesiredRules, stage: Stage): DesiredRules => ({
	...target,
	stage,
	rules: target.stages[stage],
});

/**
 * Where all that is to be captured is captured in whole already, it goes on so: the kernel has seen whatever is open since
 * its first packet. Otherwise capture starts again from the first stage.
 */
export const stageFor = (installed: Installed, { stages }: DesiredRules): Stage =>
	!installed.isEmpty && installed.capturesWhole(stages.all) ? 'all' : 'syn';

/** What to repair to: after a hole the first stage. */
export const repairable = (installed: Installed, target: DesiredRules): DesiredRules =>
	isHole(installed, target) ? atStage(target, 'syn') : target;

/**
 * Rules that capture were missing for a while, and the kernel may not have tracked what was opened then. As long as all of
 * ours in mangle are there, which ask for the state of connections, it tracks each one (nf_ct_netns_get, xt_conntrack.c),
 * and what is tracked goes on as it began.
 */
function isHole(installed: Installed, { rules }: DesiredRules): boolean {
	const differences = installed.diff(rules);
	return families.some((family) => {
		const missing = differences[family].filter(({ kind }) => kind === 'missing');
		return (['nat', 'mangle'] as const).every((gone) => missing.some(({ table }) => table === gone));
	});
}

/** Open connections, and for whom they are captured. */
export interface Openings {
	readonly connections: Connections;
	readonly capture: Capture;
	/** Envoy's ports, those of former settings too. */
	readonly ports: ReadonlySet<number>;
}

/** More would take too long, and too much room in the kernel's table. */
const MAX_TRACKED = 50_000;

export interface WholeCapture {
	readonly target: DesiredRules;
	readonly lastRead: ActualState;
	/** What others had changed since the first stage, and is put right with it. */
	readonly found: readonly HostDifference[];
}

/**
 * From the first stage to the second. The kernel is made to track open connections first; those that open meanwhile are
 * tracked since their first packet, as the first stage is in force.
 */
export async function captureWhole(
	host: Host,
	target: DesiredRules,
	before: ActualState,
	openings: Openings,
	signal: AbortSignal,
): Promise<WholeCapture> {
	const { connections, capture, ports } = openings;
	const firewall = host.firewalls.find(({ dialect }) => dialect === target.dialect);
	if (firewall === undefined || target.stage === 'all') return { target, lastRead: before, found: [] };
	firewall.prepare?.();
	const open = trackable(await connections.open(), capture, target.families, ports);
	if (open.length > MAX_TRACKED) throw tooMany(open.length);
	await connections.track(open);
	let found: readonly HostDifference[] = [];
	const wanted = (installed: Installed) => {
		const differences = ruleDifferences(installed, target);
		found = families.flatMap((family) => differences[family]);
		return isHole(installed, target) ? repairable(installed, atStage(target, 'all')) : atStage(target, 'all');
	};
	const last = before.get(target.dialect);
	const installed = await firewall.apply((now) => wanted(now).rules, signal, { last });
	const lastRead = new Map(before).set(target.dialect, installed);
	const now = { target: atStage(target, stageFor(installed, target)), lastRead, found };
	// Somebody has removed them in the middle of it.
	if (now.target.stage === 'all') return now;
	const again = await captureWhole(host, now.target, now.lastRead, openings, signal);
	return { ...again, found: [...found, ...again.found] };
}

const tooMany = (count: number): Failure =>
	new Failure(
		'unsupported',
		`Cannot make the kernel track ${count} open connections: that is too many`,
		'Enable anew when fewer are open',
	);
