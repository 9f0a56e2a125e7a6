import type { Loaded } from '../../config/merge-sources.ts';
import { allSettings, flagOf } from '../../config/names.ts';
import type { DecidingSetting } from '../../localapi/explained.ts';
import type { Capture } from '../../ruleset/capture.ts';

/** The setting of this key, its value, and where that came from; undefined for a fact of the host. */
export function decidingSetting(
	key: string,
	{ written }: Pick<Loaded, 'written'>,
	{ appPorts }: Pick<Capture, 'appPorts'>,
): DecidingSetting | undefined {
	const setting = allSettings.get(key);
	const told = written.get(key);
	if (setting === undefined || told === undefined) return undefined;
	const named = { key, variable: setting.variable, flag: `--${flagOf(key)}` };
	// Without such a setting, the ports of the application are those on which the mesh calls it.
	if (key === 'appPorts' && told.origin === 'default' && appPorts !== '*' && appPorts.length > 0)
		return { ...named, value: appPorts.map(spanOf).join(','), source: 'mesh', origin: told.origin };
	return { ...named, value: told.text, source: sourceOf(told.origin), origin: told.origin };
}

const spanOf = ({ from, to }: { readonly from: number; readonly to: number }): string =>
	from === to ? String(from) : `${from}-${to}`;

function sourceOf(origin: string): DecidingSetting['source'] {
	if (origin === 'default') return 'default';
	if (origin.startsWith('--')) return 'flag';
	return /^[A-Z][A-Z0-9_]*$/.test(origin) ? 'environment' : 'file';
}
