import { readHeld } from '../firewall/iptables/apply-rules.ts';
import { isOff, remainderOf } from '../firewall/iptables/conntrack-anchor.ts';
import { differences } from '../firewall/iptables/restore-document.ts';
import { families } from '../values/units.ts';
import type { Notice } from './change-monitor.ts';
import type { DaemonParts } from './dependencies.ts';
import { CHANGE_TIMEOUT_MS, turnOff } from './interception.ts';
import type { Repair } from './repair-log.ts';
import type { Holding } from './state.ts';

/**
 * Rules of ours that somebody has put back while they are to be off, as an old dump does that is restored: they go
 * again. Not those of another turnout that runs here. One change among others.
 */
export async function takeRestored(
	holding: Holding,
	parts: DaemonParts,
	suspects: ReadonlySet<Notice['subject'] | 'everything'>,
): Promise<Pick<Repair, 'subject' | 'lines'> | undefined> {
	if (!isToBeOff(holding)) return undefined;
	const lines = await restoredLines(holding, suspects.has('everything'));
	// Asked last: it takes a look at all processes.
	if (lines.length === 0 || parts.hasNeighbour()) return undefined;
	await turnOff(holding, parts);
	return { subject: 'rules', lines };
}

/** Switched off by us: what was there before `enable --confirm`, and has come back with it, may bear our names. */
const isToBeOff = ({ wanted, isLifted, isReleased }: Holding): boolean =>
	isReleased && (wanted === 'disabled' || isLifted);

/** `inAll`: whoever changes rules of another dialect than ours is seen when everything is looked at. */
async function restoredLines({ survey: { host, backend } }: Holding, inAll: boolean): Promise<string[]> {
	const signal = AbortSignal.timeout(CHANGE_TIMEOUT_MS);
	const looked = host.firewalls.filter(({ dialect }) => inAll || dialect === backend.name);
	const held = await Promise.all(looked.map((firewall) => readHeld(firewall, signal)));
	return held.flatMap((found) =>
		families
			.filter((family) => !isOff(found[family]))
			.flatMap((family) => differences(found[family], remainderOf(found[family])))
			.map(({ kind, table, line }) => `${kind} in ${table}: ${line}`),
	);
}
