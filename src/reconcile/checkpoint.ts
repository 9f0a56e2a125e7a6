import type { Dialect, Installed, RuleCheckpoint } from '../firewall/firewall.ts';
import { applySteps, readRouting } from '../routing/apply-routes.ts';
import { planRemoval } from '../routing/plan.ts';
import type { ActualState } from './apply.ts';
import type { Host } from './host.ts';

/** What a rollback needs to know of the rules and routes that were there. It is written to disk as it is. */
export interface Checkpoint {
	readonly saved: { readonly [D in Dialect]?: RuleCheckpoint };
	/** Our policy rule or route was there. */
	readonly hadRoutes: boolean;
}

/** What of ours, or of the 2019 script's, is on the host now. */
export async function takeCheckpoint(host: Host, signal: AbortSignal): Promise<Checkpoint> {
	const saved = await Promise.all(
		host.firewalls.map(async (firewall) => [firewall.dialect, await firewall.takeCheckpoint(signal)] as const),
	);
	const hadRoutes = planRemoval(await readRouting(host.routing)).length > 0;
	return { saved: Object.fromEntries(saved), hadRoutes };
}

/** Rules with our names were there. */
export const hadRules = ({ saved }: Checkpoint): boolean =>
	Object.values(saved).some(({ ipv4, ipv6 }) => ipv4 + ipv6 !== '');

const noRules: RuleCheckpoint = { ipv4: '', ipv6: '' };

/**
 * Back to the checkpoint. Where interception was off, what captured connections need to go on stays until a `remove`
 * without it. Resolves to what each dialect has then.
 */
export async function restoreCheckpoint(
	host: Host,
	{ saved, hadRoutes }: Checkpoint,
	signal: AbortSignal,
): Promise<ActualState> {
	const left = new Map<Dialect, Installed>();
	for (const firewall of host.firewalls)
		left.set(firewall.dialect, await firewall.restore(saved[firewall.dialect] ?? noRules, signal));
	if (!hadRoutes) await applySteps(host.routing, planRemoval(await readRouting(host.routing)));
	return left;
}
