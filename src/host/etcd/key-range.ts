/** Keys from `key` up to `rangeEnd`, which is not among them. */
export interface KeyRange {
	readonly key: Buffer;
	readonly rangeEnd: Buffer;
}

/** All that begin with it, a text that ends with a slash. */
export const below = (prefix: string): KeyRange => ({
	key: Buffer.from(prefix),
	rangeEnd: Buffer.from(`${prefix.slice(0, -1)}${AFTER_SLASH}`),
});

const AFTER_SLASH = '0';

/** Every change of an API's changes it too: what was checked against all resources holds as long as it is as it was. */
export const generationKey = (prefix: string): string => `${prefix}.generation`;

/** What the controls have carried out by a clientToken, and who changed what: of no host's concern. */
export const tokensPrefix = (prefix: string): string => `${prefix}.tokens/`;
export const historyPrefix = (prefix: string): string => `${prefix}.history/`;

/** Definitions, and the generation: what is mirrored. In the order of bytes `.h…`, `.t…` come before `/`. */
export const mirroredRanges = (prefix: string): readonly KeyRange[] => [
	{ key: Buffer.from(prefix), rangeEnd: Buffer.from(historyPrefix(prefix)) },
	{ key: Buffer.from(`${prefix}/`), rangeEnd: below(prefix).rangeEnd },
];
