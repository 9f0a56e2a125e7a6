import type { Dialect, Firewall, Installed, Removal } from '../firewall/firewall.ts';
import { addRoutes, applySteps, invert, readRouting, removeSurplus } from '../routing/apply-routes.ts';
import type { LocalRouting } from '../routing/local-routing.ts';
import { planRemoval, planScriptRemoval } from '../routing/plan.ts';
import type { DesiredRules } from './desired.ts';
import { firewallOf, type Host } from './host.ts';

/** What was read last, of each dialect that was read. */
export type ActualState = ReadonlyMap<Dialect, Installed>;

/**
 * Routes first, then rules: nothing is marked for a table that is not there. All of it, or what was before. What other
 * dialects have of ours goes last. Resolves to what is there then. `lastRead`: a dialect in which nothing of ours was left is
 * not read again. `isInterim`: see ApplyOptions.
 */
export async function apply(
	host: Host,
	target: DesiredRules,
	signal: AbortSignal,
	lastRead: ActualState = new Map(),
	isInterim = false,
): Promise<ActualState> {
	const firewall = firewallOf(host, target.dialect);
	firewall.prepare?.();
	const others = readOthers(host, target.dialect, signal, lastRead);
	const facts = await readRouting(host.routing);
	const steps = await addRoutes(host.routing, facts, target);
	const last = lastRead.get(target.dialect);
	const installed = await firewall.apply(target.rules, signal, { last, isInterim }).catch(async (error) => {
		await applySteps(host.routing, steps.toReversed().map(invert));
		throw error;
	});
	const actual = new Map<Dialect, Installed>();
	for (const other of await others) actual.set(other.firewall.dialect, await removeFrom(other, signal));
	await removeSurplus(host.routing, facts, target);
	return actual.set(target.dialect, installed);
}

interface Other {
	readonly firewall: Firewall;
	readonly installed: Installed;
}

/** The other dialects; read while the rest goes on. */
function readOthers(
	{ firewalls }: Host,
	dialect: Dialect,
	signal: AbortSignal,
	lastRead: ActualState,
): Promise<readonly Other[]> {
	const others = Promise.all(
		firewalls
			.filter((firewall) => firewall.dialect !== dialect)
			.map(async (firewall) => ({
				firewall,
				installed: lastRead.get(firewall.dialect) ?? (await firewall.read(signal)),
			})),
	);
	// The caller gets the failure when it awaits; a failure before that may keep it from awaiting.
	others.catch(() => undefined);
	return others;
}

const removeFrom = async ({ firewall, installed }: Other, signal: AbortSignal): Promise<Installed> =>
	installed.isEmpty ? installed : firewall.remove({ keepConntrack: false }, signal);

/** `keepRouting`: open connections need it until they end. */
export interface HostRemoval extends Removal {
	readonly keepRouting?: LocalRouting | undefined;
}

/** Rules first, then routes: traffic is never pointed at a table that is gone. Resolves to what each dialect has then. */
export async function remove(host: Host, removal: HostRemoval, signal: AbortSignal): Promise<ActualState> {
	const left = new Map<Dialect, Installed>();
	for (const firewall of host.firewalls) left.set(firewall.dialect, await firewall.remove(removal, signal));
	await applySteps(host.routing, planRemoval(await readRouting(host.routing), removal.keepRouting));
	return left;
}

/** The 2019 script's rule and route; its chains bear the same names as ours and are gone by then. */
export async function removeScriptLeftovers(host: Host, localRouting: LocalRouting): Promise<void> {
	await applySteps(host.routing, planScriptRemoval(await readRouting(host.routing), localRouting));
}
