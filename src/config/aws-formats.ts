import { choice, type Setting, type SettingArgs } from './formats.ts';

/** A setting whose variable AWS's App Mesh agent reads too: a bad value becomes the default, with a notice. */
export const forgiving = <T>(strict: Setting<T>): Setting<T> => ({ ...strict, isForgiving: true });

/** Envoy's log levels, case-insensitive as in AWS's agent. AWS documents `warn`; Envoy accepts both. */
export function logLevel(...args: SettingArgs): Setting<(typeof levels)[number]> {
	const strict = choice(levels)(...args);
	return {
		...strict,
		parse: (text) =>
			strict.parse(
				text
					.trim()
					.toLowerCase()
					.replace(/^warn$/, 'warning'),
			),
	};
}
const levels = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'] as const;
