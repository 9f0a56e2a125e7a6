import { readSettingsFile } from './config/file.ts';
import { type Loaded, readConfig } from './config/read.ts';
import type { ConfigReply } from './control/protocol.ts';

/** What a command line says about settings: a file, and single ones by their dotted keys. */
export interface SettingsArguments {
	readonly file?: string;
	readonly flags: Readonly<Record<string, string>>;
}

/** File, environment and flags as they are now; the only place that reads the environment for settings. */
export function loadSettings({ file, flags }: SettingsArguments): Loaded {
	return readConfig({ env: process.env, file: readSettingsFile(file), flags });
}

export const shownSettings = ({ written, notices }: Loaded): ConfigReply => ({
	settings: [...written].map(([key, { text, origin }]) => ({ key, value: text, origin })),
	notices,
});
