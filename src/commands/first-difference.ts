import type { Installed } from '../firewall/firewall.ts';
import type { DesiredRules } from '../reconcile/desired.ts';
import type { Host } from '../reconcile/host.ts';
import { inspect } from '../reconcile/inspect.ts';
import { families } from '../values/units.ts';

/** What is first of all that is not as desired; undefined where all is. `lastRead`: read a moment ago. */
export async function firstDifference(
	host: Host,
	target: DesiredRules,
	signal: AbortSignal,
	lastRead?: Installed,
): Promise<string | undefined> {
	const { differences } = await inspect(host, target, true, signal, lastRead);
	const [first] = families.flatMap((family) => differences[family]);
	return first === undefined ? undefined : `${first.kind} in ${first.table}: ${first.line}`;
}
