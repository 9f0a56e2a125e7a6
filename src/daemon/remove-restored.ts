import { readHeld } from '../firewall/iptables/apply-rules.ts';
import { drainRemainder, isRemoved } from '../firewall/iptables/conntrack-anchor.ts';
import { differences } from '../firewall/iptables/restore-document.ts';
import { families } from '../values/units.ts';
import type { ChangeEvent } from './change-monitor.ts';
import type { DaemonCore } from './core.ts';
import type { DaemonContext } from './daemon-context.ts';
import { changeTimeout } from './reconciler.ts';
import type { Repair } from './repair-log.ts';

/**
 * Rules of ours that somebody has put back while they are to be off, as by restoring an old dump, are removed again. Not
 * those of another turnout that runs here. Caller holds `ruleLock`.
 */
export async function removeRestored(
	{ state, deps, interception }: DaemonCore,
	scopes: ReadonlySet<ChangeEvent['subject'] | 'everything'>,
): Promise<Pick<Repair, 'subject' | 'lines'> | undefined> {
	const { rules, desired, settings } = state;
	const isToBeOff = rules.kind === 'lifted' || (rules.kind === 'off' && desired.wanted === 'disabled');
	if (!isToBeOff) return undefined;
	const lines = await restoredLines(settings.context, scopes.has('everything'));
	// Asked last: it reads /proc of all processes.
	if (lines.length === 0 || deps.hasNeighbour()) return undefined;
	await interception.remove(rules.kind);
	return { subject: 'rules', lines };
}

/** `inAll`: changes in another dialect than ours are not watched, and seen when everything is checked. */
async function restoredLines({ host, backend }: DaemonContext, inAll: boolean): Promise<string[]> {
	const signal = changeTimeout();
	const looked = host.firewalls.filter(({ dialect }) => inAll || dialect === backend.name);
	const held = await Promise.all(looked.map((firewall) => readHeld(firewall, signal)));
	return held.flatMap((found) =>
		families
			.filter((family) => !isRemoved(found[family]))
			.flatMap((family) => differences(found[family], drainRemainder(found[family])))
			.map(({ kind, table, line }) => `${kind} in ${table}: ${line}`),
	);
}
