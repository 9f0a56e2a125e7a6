import { readSettingsFile, whyNoFile } from './file.ts';
import { type Loaded, readConfig } from './merge-sources.ts';
import { allSettings } from './names.ts';
import type { Written } from './written.ts';

/** What a command line says about settings: a file, and single ones by their dotted keys. */
export interface SettingsArguments {
	readonly file?: string;
	readonly flags: Readonly<Record<string, string>>;
}

/** File, environment and flags as they are now; the only place that reads the environment for settings. */
export async function loadSettings({ file, flags }: SettingsArguments): Promise<Loaded> {
	return readConfig({ env: process.env, file: await readSettingsFile(file), flags, whyNoFile });
}

/** As they were written once, whatever file and flags say now; those that there are no longer are passed over. */
export function recallSettings(written: Written): Loaded {
	const known = Object.entries(written).filter(([key]) => allSettings.has(key));
	return readConfig({
		env: process.env,
		file: { values: new Map(), mistakes: [] },
		flags: Object.fromEntries(known.map(([key, { text }]) => [key, text])),
		origins: Object.fromEntries(known.map(([key, { origin }]) => [key, origin])),
		whyNoFile,
	});
}
