import type { Loaded } from './merge-sources.ts';
import { type Addition, additions } from './presets.ts';

/** Every setting with its value and origin, and what the presets add to them, as `turnout config` prints it. */
export const shownSettings = ({
	config,
	written,
	notices,
}: Loaded): {
	readonly settings: readonly { readonly key: string; readonly value: string; readonly origin: string }[];
	readonly presets: readonly Addition[];
	readonly notices: readonly string[];
} => ({
	settings: [...written].map(([key, { text, origin }]) => ({ key, value: text, origin })),
	presets: additions(config.presets),
	notices,
});
