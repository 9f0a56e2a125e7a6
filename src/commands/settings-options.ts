import type { Given, Options } from '../cli/arguments.ts';
import type { SettingsArguments } from '../config/load.ts';
import { allSettings, flagOf } from '../config/names.ts';

/** Every setting as a command-line option, and --config. */
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
