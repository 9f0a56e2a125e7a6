import { readSettingsFile, whyNoFile } from './file.ts';
import { type Loaded, readConfig } from './merge-sources.ts';
import { allSettings } from './names.ts';
import type { Written } from './written.ts';

/** The settings of a command line: a file, and single settings by their dotted keys. */
export interface SettingsArguments {
	readonly file?: string;
	readonly flags: Readonly<Record<string, string>>;
}

/** Reads file, environment and flags. The only place that reads settings from the environment. */
export async function loadSettings({ file, flags }: SettingsArguments): Promise<Loaded> {
	return readConfig({ env: process.env, file: await readSettingsFile(file), flags, whyNoFile });
}

/** Settings as recorded earlier, regardless of file and flags now. Keys that no longer exist are ignored. */
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
