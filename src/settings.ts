import type { Given, Options } from './cli/arguments.ts';
import { readSettingsFile, whyNoFile } from './config/file.ts';
import { type Loaded, readConfig } from './config/load.ts';
import { allSettings, flagOf } from './config/names.ts';
import type { ConfigReply } from './localapi/protocol.ts';
import type { Written } from './ports.ts';

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

export const shownSettings = ({ written, notices }: Loaded): ConfigReply => ({
	settings: [...written].map(([key, { text, origin }]) => ({ key, value: text, origin })),
	notices,
});

/** Every setting as an option of the command line, and the file that holds the rest. */
export function settingsOptions(): Options {
	const options = [...allSettings].map(([key, { doc, allowed, variable }]) => {
		return [flagOf(key), { type: 'string', help: `${doc}; ${allowed} (${key}, ${variable})` }] as const;
	});
	return {
		config: { type: 'string', help: 'FILE: the settings file (/etc/turnout/turnout.yaml)' },
		...Object.fromEntries(options),
	};
}

export function settingsArguments(given: Given): SettingsArguments {
	const flags = [...allSettings.keys()].flatMap((key) => {
		const text = given[flagOf(key)];
		return typeof text === 'string' ? [[key, text] as const] : [];
	});
	const file = given['config'];
	return { flags: Object.fromEntries(flags), ...(typeof file === 'string' ? { file } : {}) };
}
