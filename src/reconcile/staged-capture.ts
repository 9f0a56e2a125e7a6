import type { Connections } from '../connections/connections.ts';
import { trackable } from '../connections/trackable.ts';
import { Failure } from '../failure.ts';
import { type ByFamily, commitRules } from '../firewall/iptables/apply-rules.ts';
import { differences } from '../firewall/iptables/diff.ts';
import type { IptablesRules } from '../firewall/iptables/installed.ts';
import type { Capture } from '../ruleset/capture.ts';
import type { Stage } from '../ruleset/stage.ts';
import { families } from '../values/units.ts';
import type { ActualState } from './apply.ts';
import type { DesiredRules } from './desired.ts';
import type { Host } from './host.ts';

export const atStage = (target: DesiredRules, stage: Stage): DesiredRules => ({
	...target,
	stage,
	rules: target.stages[stage],
});

/** The chains that get more than what opens a connection. Hooks of others' making, such as the 2019 script's, say nothing. */
const whole = ({ hooks }: IptablesRules): string[] =>
	hooks.flatMap(({ table, rule }) => {
		const [, name = ''] = /"turnout: .* -j (APPMESH_(?:EGRESS|INGRESS))$/.exec(rule) ?? [];
		const isOpening = / -m tcp --tcp-flags /.test(rule);
		return table === 'nat' && name !== '' && !isOpening ? [name] : [];
	});

/**
 * Where all that is to be captured is captured in whole already, it goes on so: whatever is open has been seen since its
 * first packet. Otherwise anew from the first stage on.
 */
export function stageFor(held: ByFamily<IptablesRules>, { stages }: DesiredRules): Stage {
	const isWhole = families.every((family) => {
		const are = whole(held[family]);
		return whole(stages.all[family]).every((name) => are.includes(name));
	});
	return isWhole ? 'all' : 'opening';
}

/** What is to be put back: after a hole from the first stage on. */
export const repairable = (held: ByFamily<IptablesRules>, target: DesiredRules): DesiredRules =>
	isHole(held, target) ? atStage(target, 'opening') : target;

/**
 * Something that captures was gone for a while, and nobody may have tracked what was opened then: as long as all of ours in
 * mangle are there, which ask for the state of connections, the kernel tracks each (nf_ct_netns_get, xt_conntrack.c), and
 * what is tracked goes on as it began.
 */
const isHole = (held: ByFamily<IptablesRules>, { rules }: DesiredRules): boolean =>
	families.some((family) => {
		const missing = differences(held[family], rules[family]).filter(({ kind }) => kind === 'missing');
		return (['nat', 'mangle'] as const).every((gone) => missing.some(({ table }) => table === gone));
	});

/** What is open, and whom it is captured for. */
export interface Openings {
	readonly connections: Connections;
	readonly capture: Capture;
	/** Envoy's, those of former settings too. */
	readonly ports: ReadonlySet<number>;
}

/** More than that are not worth what it takes, nor the room in the kernel's table. */
const MOST_TRACKED = 50_000;

/**
 * From what opens a connection to all of it: first the kernel is made to track what is open. Nothing is missed in between:
 * what begins while the first stage holds is tracked since its first packet.
 */
export async function captureWhole(
	host: Host,
	target: DesiredRules,
	known: ActualState,
	openings: Openings,
	signal: AbortSignal,
): Promise<{ readonly target: DesiredRules; readonly lastRead: ActualState }> {
	const { connections, capture, ports } = openings;
	const firewall = host.firewalls.find(({ dialect }) => dialect === target.dialect);
	if (firewall === undefined || target.stage === 'all') return { target, lastRead: known };
	const open = trackable(await connections.open(), capture, target.families, ports);
	if (open.length > MOST_TRACKED) throw tooMany(open.length);
	await connections.track(open);
	const wanted = (found: ByFamily<IptablesRules>) =>
		isHole(found, target) ? repairable(found, atStage(target, 'all')) : atStage(target, 'all');
	const held = await commitRules(firewall, (found) => wanted(found).rules, signal, known.get(target.dialect));
	const now = { target: atStage(target, stageFor(held, target)), lastRead: new Map(known).set(target.dialect, held) };
	// Somebody has taken them away in the middle of it.
	return now.target.stage === 'all' ? now : captureWhole(host, now.target, now.lastRead, openings, signal);
}

const tooMany = (count: number): Failure =>
	new Failure(
		'unsupported',
		`Cannot make the kernel track ${count} open connections: that is too many`,
		'Enable anew when fewer are open',
	);
