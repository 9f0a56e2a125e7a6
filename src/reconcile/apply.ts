import type { Dialect, Firewall } from '../firewall/firewall.ts';
import {
	type ByFamily,
	commitRules,
	emptyBothFamilies,
	readHeld,
	type Wanted,
} from '../firewall/iptables/apply-rules.ts';
import { drainRemainder } from '../firewall/iptables/conntrack-anchor.ts';
import { differences } from '../firewall/iptables/diff.ts';
import { emptyRules, type IptablesRules } from '../firewall/iptables/installed.ts';
import { addRoutes, applySteps, invert, readRouting, removeSurplus } from '../routing/apply-routes.ts';
import { planRemoval, planScriptRemoval } from '../routing/plan.ts';
import type { LocalRouting } from '../routing/taken.ts';
import { families } from '../values/units.ts';
import type { DesiredRules } from './desired.ts';
import { firewallOf, type Host } from './host.ts';

/** What was read back last, of each dialect that was looked at. */
export type ActualState = ReadonlyMap<Dialect, ByFamily<IptablesRules>>;

/**
 * Routes first, then rules: nothing is marked for a table that is not there. All of it, or what was before. What the
 * other dialects hold of ours goes last. Resolves to what is there then. `known`: see commitRules; where nothing of ours
 * was left in another dialect, it is not asked again.
 */
export async function apply(
	host: Host,
	target: DesiredRules,
	signal: AbortSignal,
	known: ActualState = new Map(),
): Promise<ActualState> {
	const firewall = firewallOf(host, target.dialect);
	const others = host.firewalls.filter(({ dialect }) => dialect !== target.dialect);
	const holders = dialectsHoldingOurs(others, signal, known);
	const facts = await readRouting(host.routing);
	const steps = await addRoutes(host.routing, facts, target);
	const held = await commitRules(firewall, () => target.rules, signal, known.get(target.dialect)).catch(
		async (error) => {
			await applySteps(host.routing, steps.toReversed().map(invert));
			throw error;
		},
	);
	for (const other of await holders) await commitRules(other, () => emptyBothFamilies, signal);
	await removeSurplus(host.routing, facts, target);
	return new Map([...others.map(({ dialect }) => [dialect, emptyBothFamilies] as const), [target.dialect, held]]);
}

/** Those that hold anything of ours; looked at while the rest goes on. */
function dialectsHoldingOurs(
	firewalls: readonly Firewall[],
	signal: AbortSignal,
	known: ActualState,
): Promise<Firewall[]> {
	const looking = firewalls.map(async (firewall) => {
		const held = known.get(firewall.dialect) ?? (await readHeld(firewall, signal));
		return families.some((family) => differences(held[family], emptyRules).length > 0) ? [firewall] : [];
	});
	const holders = Promise.all(looking).then((found) => found.flat());
	// Whoever asks is told of a failure; what fails before may keep everybody from asking.
	holders.catch(() => undefined);
	return holders;
}

/**
 * Rules first, then routes: traffic is never pointed at a table that is gone. `tracked`: what captured connections need
 * to go on stays, until a release without it. Resolves to what each dialect holds then.
 */
export async function remove(
	host: Host,
	{ keepConntrack }: { readonly keepConntrack: boolean },
	signal: AbortSignal,
): Promise<ActualState> {
	const wanted: Wanted = ({ ipv4, ipv6 }) =>
		keepConntrack ? { ipv4: drainRemainder(ipv4), ipv6: drainRemainder(ipv6) } : emptyBothFamilies;
	const left = new Map<Dialect, ByFamily<IptablesRules>>();
	for (const firewall of host.firewalls) left.set(firewall.dialect, await commitRules(firewall, wanted, signal));
	await applySteps(host.routing, planRemoval(await readRouting(host.routing)));
	return left;
}

/** Also what the 2019 script left beside its chains, which bear the same names as ours and are gone by then. */
export async function removeScriptLeftovers(host: Host, homeward: LocalRouting): Promise<void> {
	await applySteps(host.routing, planScriptRemoval(await readRouting(host.routing), homeward));
}
