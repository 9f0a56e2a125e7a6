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
	const installed = await Promise.all(looked.map((firewall) => firewall.read(signal)));
	return installed.flatMap(({ isClean, leftovers }) => {
		const left = leftovers({ keepConntrack: true });
		return families
			.filter((family) => !isClean[family])
			.flatMap((family) => left[family].map(({ kind, table, line }) => `${kind} in ${table}: ${line}`));
	});
}
