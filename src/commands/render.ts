import type { Given } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import { loadSettings, type SettingsArguments } from '../config/load.ts';
import { resolveCapture } from '../config/resolve-ids.ts';
import { Failure } from '../failure.ts';
import type { Dialect } from '../firewall/firewall.ts';
import { renderInstallation } from '../firewall/iptables/iptables-firewall.ts';
import { resolveIds } from '../host/files/accounts.ts';
import { quote } from '../lib/escape.ts';
import { buildDesiredRules } from '../reconcile/desired.ts';
import { localRoutingOf } from '../routing/local-routing.ts';
import { keepsClient } from '../ruleset/client.ts';
import { type Family, families } from '../values/units.ts';
import { withMeshPorts } from './mesh-ports.ts';
import { settingsArguments } from './settings-options.ts';

export interface Rendered {
	readonly family: Family;
	readonly backend: Dialect;
	readonly document: string;
}

/** The iptables-restore input that `init` would commit to a host without rules. Reads no firewall and needs no privileges. */
export async function runRender(settings: SettingsArguments, family: string | undefined): Promise<Rendered[]> {
	const loaded = await withMeshPorts(await loadSettings(settings));
	const { config } = loaded;
	const backend = config.backend === 'iptables-legacy' ? config.backend : 'iptables-nft';
	const shown = families.filter((each) => family === undefined || each === family);
	if (shown.length === 0)
		throw new Failure('usage', `Cannot render family ${quote(String(family))}`, `Allowed: ${families.join(' or ')}`);
	const capture = await resolveCapture(loaded, resolveIds);
	const captured = families.filter((each) => each === 'ipv4' || config.ipv6 !== '0');
	const target = buildDesiredRules(capture, backend, captured, localRoutingOf(config, keepsClient(capture)), families);
	return shown
		.map((each): Rendered => ({ family: each, backend, document: renderInstallation(target.rules[each]) }))
		.filter(({ document }) => document !== '');
}

export async function render(given: Given, { out, isJson }: CommandContext): Promise<number> {
	const family = given['family'];
	const rendered = await runRender(settingsArguments(given), typeof family === 'string' ? family : undefined);
	const text = rendered.map((each) => `# ${each.family}, ${each.backend}\n${each.document}`).join('\n');
	out(isJson ? `${JSON.stringify(rendered)}\n` : text);
	return 0;
}
