import type { Dialect, Firewall, Installed } from '../firewall/firewall.ts';
import { type ActualState, apply, remove } from '../reconcile/apply.ts';
import { type Checkpoint, restoreCheckpoint } from '../reconcile/checkpoint.ts';
import type { DesiredRules } from '../reconcile/desired.ts';
import type { Host } from '../reconcile/host.ts';
import type { HostDifference } from '../reconcile/inspect.ts';
import { repairRules } from '../reconcile/repair.ts';
import { applyDesired, type DesiredState } from '../reconcile/resolve.ts';
import { atStage, captureWhole, type Openings, stageFor } from '../reconcile/staged-capture.ts';
import type { Family } from '../values/units.ts';
import type { DaemonContext } from './daemon-context.ts';
import type { RulePrecedence } from './dependencies.ts';

/** One change of rules takes milliseconds; a lock that somebody else holds may take longer. */
const CHANGE_TIMEOUT_MS = 60_000;
export const changeTimeout = (): AbortSignal => AbortSignal.timeout(CHANGE_TIMEOUT_MS);

/** Rules of one dialect as they were read back. */
export type ReadBack = Installed;

/** Every change of rules that the daemon makes, and what the kernel was last read to hold. Callers hold `ruleLock`. */
export interface Reconciler {
	/** Another object after each change; undefined while one is under way, and after one that failed. */
	readonly lastRead: () => ActualState | undefined;
	readonly apply: (context: DaemonContext) => Promise<DesiredState>;
	readonly remove: (host: Host, how: Parameters<typeof remove>[1], signal?: AbortSignal) => Promise<void>;
	readonly restore: (host: Host, checkpoint: Checkpoint) => Promise<void>;
	/** From what opens a connection to all of it, which repairs too; undefined where that is not known to be on. */
	readonly captureWhole: (host: Host, target: DesiredRules, openings: Openings) => Promise<RulesRepaired | undefined>;
	/** From what is believed to be there. */
	readonly applyTarget: (host: Host, target: DesiredRules) => Promise<void>;
	readonly repair: (firewall: Firewall, desired: DesiredState, check: RuleCheck) => Promise<RulesRepaired | undefined>;
	/** Puts our chains before those that others have there; resolves to a line for each that had to move. */
	readonly claimFirst: (host: Host, target: DesiredRules) => Promise<readonly string[]>;
}

export interface RuleCheck {
	/** Families whose rules are read anew; undefined: all is read. */
	readonly families: readonly Family[] | undefined;
	/** Done before the rules are read. */
	readonly before: () => Promise<void>;
	/** What is desired is not that any more: nothing is repaired then. Asked once the rules have been read. */
	readonly isOutdated: () => boolean;
}

export interface RulesRepaired {
	readonly found: readonly HostDifference[];
	/** What holds now: after a hole in the rules it may be the first stage. */
	readonly target: DesiredRules;
}

/** Called with what is installed right before it may be replaced, with what it has counted. */
export type NoteCounted = (dialect: Dialect, installed: Installed) => void;

export function createReconciler(order: RulePrecedence, note: NoteCounted): Reconciler {
	let lastRead: ActualState | undefined;
	/** What the kernel holds is unknown until it is read back. `host`: where rules that count may be replaced. */
	const change = async <T>(
		host: Host | undefined,
		act: (before: ActualState | undefined) => Promise<{ readonly lastRead: ActualState; readonly result: T }>,
	): Promise<T> => {
		if (host !== undefined) await countInstalled(host, lastRead, note);
		const before = lastRead;
		lastRead = undefined;
		const done = await act(before);
		lastRead = done.lastRead;
		return done.result;
	};
	return {
		lastRead: () => lastRead,
		apply: (context) =>
			change(context.host, async (before) => {
				const { lastRead: now, ...result } = await applyDesired(context, changeTimeout(), before);
				return { lastRead: now, result };
			}),
		remove: (host, how, signal = changeTimeout()) => change(host, () => silently(remove(host, how, signal))),
		restore: (host, checkpoint) => change(host, () => silently(restoreCheckpoint(host, checkpoint, changeTimeout()))),
		async captureWhole(host, target, openings) {
			if (lastRead === undefined) return undefined;
			return change(undefined, async (before = new Map()) => {
				const { lastRead: now, ...result } = await captureWhole(host, target, before, openings, changeTimeout());
				return { lastRead: now, result };
			});
		},
		applyTarget: (host, target) => change(host, (before) => silently(apply(host, target, changeTimeout(), before))),
		repair: (firewall, desired, check) => change(undefined, (before) => repair(firewall, desired, check, before, note)),
		async claimFirst(host, target) {
			const held = lastRead?.get(target.dialect);
			return held === undefined ? [] : order.claim(host, target, held, changeTimeout());
		},
	};
}

const silently = async (now: Promise<ActualState>) => ({ lastRead: await now, result: undefined });

/** No change waits longer for what is only counted. */
const COUNT_TIMEOUT_MS = 2_000;

/** What rules have counted is gone with them. What cannot be read is not counted, and no reason against a change. */
async function countInstalled(
	{ firewalls }: Host,
	lastRead: ActualState | undefined,
	note: NoteCounted,
): Promise<void> {
	for (const firewall of firewalls.filter(({ dialect }) => isCounting(lastRead?.get(dialect)))) {
		const installed = await firewall.read(AbortSignal.timeout(COUNT_TIMEOUT_MS)).catch(() => undefined);
		if (installed !== undefined) note(firewall.dialect, installed);
	}
}

/** It has rules of ours that count. */
const isCounting = (installed: Installed | undefined): boolean =>
	installed !== undefined && !(installed.isClean.ipv4 && installed.isClean.ipv6);

async function repair(
	firewall: Firewall,
	{ target }: DesiredState,
	{ families, before, isOutdated }: RuleCheck,
	lastRead: ActualState | undefined,
	note: NoteCounted,
): Promise<{ readonly lastRead: ActualState; readonly result: RulesRepaired | undefined }> {
	await before();
	const signal = changeTimeout();
	const believed = lastRead?.get(target.dialect);
	const found =
		believed === undefined || families === undefined
			? await firewall.read(signal)
			: await firewall.reread(believed, families, signal);
	note(target.dialect, found);
	if (isOutdated()) return { lastRead: new Map(lastRead).set(target.dialect, found), result: undefined };
	const repaired = await repairRules(firewall, target, found, signal);
	return {
		lastRead: new Map(lastRead).set(target.dialect, repaired.installed),
		result: { found: repaired.found, target: atStage(target, stageFor(repaired.installed, target)) },
	};
}

export const readBackOf = (reconciler: Reconciler, dialect: Dialect): ReadBack | undefined =>
	reconciler.lastRead()?.get(dialect);
