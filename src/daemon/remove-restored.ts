import { families } from '../values/units.ts';
import type { ChangeEvent } from './change-monitor.ts';
import type { DaemonDependencies } from './dependencies.ts';
import { CHANGE_TIMEOUT_MS, removeRules } from './interception.ts';
import type { Repair } from './repair-log.ts';
import type { DaemonState } from './state.ts';

/**
 * Rules of ours that somebody has put back while they are to be off, as an old dump does that is restored: they go
 * again. Not those of another turnout that runs here. One change among others.
 */
export async function takeRestored(
	state: DaemonState,
	deps: DaemonDependencies,
	suspects: ReadonlySet<ChangeEvent['subject'] | 'everything'>,
): Promise<Pick<Repair, 'subject' | 'lines'> | undefined> {
	if (!isToBeOff(state)) return undefined;
	const lines = await restoredLines(state, suspects.has('everything'));
	// Asked last: it takes a look at all processes.
	if (lines.length === 0 || deps.hasNeighbour()) return undefined;
	await removeRules(state, deps);
	return { subject: 'rules', lines };
}

/** Switched off by us: what was there before `enable --confirm`, and has come back with it, may bear our names. */
const isToBeOff = ({ wanted, isLifted, isReleased }: DaemonState): boolean =>
	isReleased && (wanted === 'disabled' || isLifted);

/** `inAll`: whoever changes rules of another dialect than ours is seen when everything is looked at. */
async function restoredLines({ context: { host, backend } }: DaemonState, inAll: boolean): Promise<string[]> {
	const signal = AbortSignal.timeout(CHANGE_TIMEOUT_MS);
	const looked = host.firewalls.filter(({ dialect }) => inAll || dialect === backend.name);
	const installed = await Promise.all(looked.map((firewall) => firewall.read(signal)));
	return installed.flatMap(({ isClean, leftovers }) => {
		const left = leftovers({ keepConntrack: true });
		return families
			.filter((family) => !isClean[family])
			.flatMap((family) => left[family].map(({ kind, table, line }) => `${kind} in ${table}: ${line}`));
	});
}
