import type { Dialect } from '../firewall/firewall.ts';
import { type ByFamily, commitRules, emptyBothFamilies } from '../firewall/iptables/apply-rules.ts';
import { drainRemainder, isRemoved } from '../firewall/iptables/conntrack-anchor.ts';
import { type IptablesRules, parseIptablesSave } from '../firewall/iptables/installed.ts';
import { applySteps, readRouting } from '../routing/apply-routes.ts';
import { planRemoval } from '../routing/plan.ts';
import type { Family } from '../values/units.ts';
import { families } from '../values/units.ts';
import type { ActualState } from './apply.ts';
import type { Host } from './host.ts';

/** What a rollback needs to know of the rules and routes that were there. */
export interface Checkpoint {
	/** What `iptables-save` said then, '' where nothing of ours was there. */
	readonly saved: { readonly [D in Dialect]?: Readonly<Record<Family, string>> };
	/** Our policy rule or route was there. */
	readonly hadRoutes: boolean;
}

/** What of ours, or of the 2019 script's, is on the host now: in the kernel's own words, for `restore`. */
export async function takeCheckpoint(host: Host, signal: AbortSignal): Promise<Checkpoint> {
	const saved = await Promise.all(
		host.firewalls.map(async (firewall) => {
			const [ipv4, ipv6] = await Promise.all(families.map((family) => firewall.read(family, signal)));
			return [firewall.dialect, { ipv4: ours(ipv4 ?? ''), ipv6: ours(ipv6 ?? '') }] as const;
		}),
	);
	const hadRoutes = planRemoval(await readRouting(host.routing)).length > 0;
	return { saved: Object.fromEntries(saved), hadRoutes };
}

/** Somebody's rules too: where ours stood among them. '' where there is nothing of ours. */
function ours(saved: string): string {
	const { chains, hooks } = parseIptablesSave(saved);
	return chains.length + hooks.length === 0 ? '' : saved;
}

/**
 * Back to what a snapshot holds. Where nothing was on, what captured connections need to go on stays, until a release
 * without it. Resolves to what each dialect holds then.
 */
export async function restoreCheckpoint(
	host: Host,
	{ saved, hadRoutes }: Checkpoint,
	signal: AbortSignal,
): Promise<ActualState> {
	const left = new Map<Dialect, ByFamily<IptablesRules>>();
	for (const firewall of host.firewalls) {
		const was = heldOf(saved[firewall.dialect]);
		const isOn = families.some((family) => !isRemoved(was[family]));
		const wanted = (found: ByFamily<IptablesRules>) =>
			isOn ? was : { ipv4: drainRemainder(found.ipv4), ipv6: drainRemainder(found.ipv6) };
		left.set(firewall.dialect, await commitRules(firewall, wanted, signal));
	}
	if (!hadRoutes) await applySteps(host.routing, planRemoval(await readRouting(host.routing)));
	return left;
}

const heldOf = (saved: Checkpoint['saved'][Dialect]): ByFamily<IptablesRules> =>
	saved === undefined
		? emptyBothFamilies
		: { ipv4: parseIptablesSave(saved.ipv4), ipv6: parseIptablesSave(saved.ipv6) };
