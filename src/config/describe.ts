import type { Loaded } from './merge-sources.ts';

/** Every setting with its value and origin, as `turnout config` prints it. */
export const shownSettings = ({
	written,
	notices,
}: Loaded): {
	readonly settings: readonly { readonly key: string; readonly value: string; readonly origin: string }[];
	readonly notices: readonly string[];
} => ({
	settings: [...written].map(([key, { text, origin }]) => ({ key, value: text, origin })),
	notices,
});
