import { Failure } from '../failure.ts';
import { nothing } from '../firewall/iptables/installed.ts';
import { renderTransition } from '../firewall/iptables/restore-document.ts';
import { quoted } from '../lib/escape.ts';
import type { Dialect } from '../ports.ts';
import { buildTarget } from '../reconcile/desired.ts';
import { resolveCapture } from '../reconcile/resolve.ts';
import { homewardOf } from '../routing/taken.ts';
import { loadSettings, type SettingsArguments } from '../settings.ts';
import { type Family, families } from '../values/units.ts';

export interface Rendered {
	readonly family: Family;
	readonly backend: Dialect;
	readonly document: string;
}

/** The documents that `init` would commit to a host without rules. Looks at no firewall and needs no privilege. */
export async function runRender(settings: SettingsArguments, family: string | undefined): Promise<Rendered[]> {
	const loaded = await loadSettings(settings);
	const { config } = loaded;
	const backend = config.backend === 'iptables-legacy' ? config.backend : 'iptables-nft';
	const shown = families.filter((each) => family === undefined || each === family);
	if (shown.length === 0)
		throw new Failure('usage', `Cannot render family ${quoted(String(family))}`, `Allowed: ${families.join(' or ')}`);
	const capture = await resolveCapture(loaded);
	const captured = families.filter((each) => each === 'ipv4' || config.ipv6 !== '0');
	const target = buildTarget(capture, backend, captured, homewardOf(config), families);
	return shown
		.map((each): Rendered => ({ family: each, backend, document: renderTransition(nothing, target.rules[each]) }))
		.filter(({ document }) => document !== '');
}
