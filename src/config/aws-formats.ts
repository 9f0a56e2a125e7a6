import { choice, type Setting, type Words } from './formats.ts';

/** A setting whose variable AWS's own agent reads too. */
export const forgiving = <T>(strict: Setting<T>): Setting<T> => ({ ...strict, isForgiving: true });

/** Envoy's own words, in any case as AWS's agent takes them; AWS's documentation has `warn`, and Envoy knows both. */
export function logLevel(...words: Words): Setting<(typeof levels)[number]> {
	const strict = choice(levels)(...words);
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
