import type { Firewall, Notice } from '../ports.ts';
import type { Held } from '../ruleset/held.ts';
import { inspect, intercept } from '../steady/interception.ts';
import { type ByFamily, readAgain, readHeld } from '../steady/rules.ts';
import { aimAgain } from '../survey.ts';
import { families } from '../units.ts';
import { CHANGE_TIMEOUT_MS, type Holding } from './changes.ts';
import { adopt } from './confirm.ts';
import type { Repair } from './ledger.ts';
import type { DaemonParts } from './parts.ts';

/** What may not be as wanted. */
export type Suspect = Notice['subject'] | 'everything';
type Suspects = ReadonlySet<Suspect>;

/**
 * Looks at what is suspected, and puts right what is not as wanted; undefined where all is. What is switched off is
 * not put back. One change among others: to be called while no other is under way. `firewalls`: those of this host, as
 * they are to be read.
 */
export async function mend(
	holding: Holding,
	parts: DaemonParts,
	suspects: Suspects,
	firewalls: readonly Firewall[],
): Promise<Pick<Repair, 'subject' | 'lines'> | undefined> {
	adopt(holding, parts);
	const { aim: before, survey, isStarting } = holding;
	if (before === undefined || isStarting) return undefined;
	const aim = suspects.has('addresses') || suspects.has('everything') ? await aimAgain(survey, before) : before;
	const { target } = aim;
	const host = { ...survey.host, firewalls };
	const signal = AbortSignal.timeout(CHANGE_TIMEOUT_MS);
	const believed = holding.known?.get(target.dialect);
	const firewall = firewalls.find(({ dialect }) => dialect === target.dialect);
	const held = firewall && (await readSuspects(firewall, believed, suspects, signal));
	const { differences } = await inspect(host, target, true, signal, held);
	const found = families.flatMap((family) => differences[family]);
	if (found.length > 0) {
		const known = held === undefined ? {} : { known: new Map(holding.known).set(target.dialect, held) };
		holding.known = undefined;
		// Of a family that has been captured before, the kernel has taken these very rules.
		const isRepair = target.families.every((family) => before.target.families.includes(family));
		holding.known = await intercept(host, target, signal, { ...known, isRepair });
	}
	// Another object: what was opened in between went past Envoy, and is counted anew.
	holding.aim = found.length === 0 ? aim : { ...aim, target: { ...target } };
	return found.length === 0 ? undefined : repairOf(found);
}

function readSuspects(
	firewall: Firewall,
	believed: ByFamily<Held> | undefined,
	suspects: Suspects,
	signal: AbortSignal,
): Promise<ByFamily<Held>> {
	if (believed === undefined || suspects.has('everything')) return readHeld(firewall, signal);
	const suspected = families.filter((family) => suspects.has(`${family} rules`));
	return readAgain(firewall, believed, suspected, signal);
}

function repairOf(found: readonly { readonly kind: string; readonly table: string; readonly line: string }[]) {
	const subject = found.some(({ table }) => table !== 'routing') ? 'rules' : 'routes';
	return { subject, lines: found.map(({ kind, table, line }) => `${kind} in ${table}: ${line}`) } as const;
}
