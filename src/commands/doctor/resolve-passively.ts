import type { Loaded } from '../../config/merge-sources.ts';
import type { DaemonContext } from '../../daemon/daemon-context.ts';
import { setObstacle } from '../../doctor/kernel-check.ts';
import type { Dialect } from '../../firewall/firewall.ts';
import { readStateOf } from '../../host/files/state-file.ts';
import { setParts } from '../../host/iptables/iptables-parts.ts';
import { readKernelLists } from '../../host/kernel-lists.ts';
import type { FactualHost, FormerChoice } from '../../reconcile/host.ts';
import { resolveContext } from '../resolve-context.ts';

/** As the daemon does, without the modules that the kernel loads when it is asked whether it has sets. `running`: its daemon's choice. */
export function resolvePassively(
	host: FactualHost,
	loaded: Pick<Loaded, 'config' | 'written'>,
	running: { readonly name: string; readonly why: string } | undefined,
	signal: AbortSignal,
): Promise<DaemonContext> {
	const former: FormerChoice =
		running === undefined ? formerChoice(loaded) : { name: running.name as Dialect, why: running.why };
	return resolveContext(passive(host), loaded, former, signal);
}

function formerChoice({ config }: Pick<Loaded, 'config'>): FormerChoice {
	const { dialect } = readStateOf(config.stateDirectory).state;
	return dialect === undefined ? undefined : { name: dialect, why: 'a former start chose it' };
}

const passive = (host: FactualHost): FactualHost => ({
	...host,
	facts: { ...host.facts, setObstacle: async () => setObstacle(setParts, readKernelLists()) },
	using: (dialect) => passive(host.using(dialect)),
});
