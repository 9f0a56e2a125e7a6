import type { Given } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import { loadSettings, type SettingsArguments } from '../config/load.ts';
import { resolveCapture } from '../config/resolve-ids.ts';
import { Failure } from '../failure.ts';
import { backends } from '../firewall/backends.ts';
import type { Dialect, Installation } from '../firewall/firewall.ts';
import { dialectObstacle } from '../host/cgroups/cgroup-obstacle.ts';
import { findCgroups } from '../host/cgroups/find-cgroups.ts';
import { resolveIds } from '../host/files/accounts.ts';
import { quote } from '../lib/escape.ts';
import { buildDesiredRules } from '../reconcile/desired.ts';
import { usableUnits } from '../reconcile/host-context.ts';
import { localRoutingOf } from '../routing/local-routing.ts';
import { unitsOf } from '../ruleset/exclusions.ts';
import { keepsClient } from '../ruleset/keep-client.ts';
import { byFamily, families } from '../values/units.ts';
import { withMeshPorts } from './mesh-ports.ts';
import { settingsArguments } from './settings-options.ts';

export interface Rendered extends Installation {
	readonly backend: Dialect;
}

/**
 * The input of iptables-restore or nft that `init` would commit to a host without rules, if its kernel has sets for
 * iptables. Reads no firewall and needs no privileges.
 */
export async function runRender(settings: SettingsArguments, family: string | undefined): Promise<Rendered[]> {
	const loaded = await withMeshPorts(await loadSettings(settings));
	const { config } = loaded;
	const backend = config.backend === 'auto' ? 'iptables-nft' : config.backend;
	const shown = families.filter((each) => family === undefined || each === family);
	if (shown.length === 0)
		throw new Failure('usage', `Cannot render family ${quote(String(family))}`, `Allowed: ${families.join(' or ')}`);
	const wanted = await resolveCapture(loaded, resolveIds);
	const units = await usableUnits(async () => dialectObstacle(backend), { ...loaded, capture: wanted });
	for (const notice of units.notices) process.stderr.write(`${notice}\n`);
	const capture = { ...wanted, ignoreUnits: units.ignored };
	const captured = families.filter((each) => each === 'ipv4' || config.ipv6 !== '0');
	const desired = { ...capture, hasSets: true, cgroups: findCgroups(unitsOf(capture)) };
	const localRouting = localRoutingOf(config, keepsClient(capture));
	const { rules } = buildDesiredRules(desired, backend, captured, localRouting, families);
	const { renderInstallations } = backend === 'nft' ? backends.nft : backends.iptables;
	const asked = byFamily((each) => (shown.includes(each) ? rules[each] : []));
	return renderInstallations(asked).map((each) => ({ backend, ...each }));
}

export async function render(given: Given, { out, isJson }: CommandContext): Promise<number> {
	const family = given['family'];
	const rendered = await runRender(settingsArguments(given), typeof family === 'string' ? family : undefined);
	const text = rendered.flatMap(({ backend, document, sets, ...each }) => [
		...(sets === undefined ? [] : [`# ${each.family}, ${backend === 'nft' ? 'nft, sets' : 'ipset'}\n${sets}`]),
		`# ${each.family}, ${backend}\n${document}`,
	]);
	out(isJson ? `${JSON.stringify(rendered)}\n` : text.join('\n'));
	return 0;
}
