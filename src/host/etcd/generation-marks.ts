import { randomBytes } from 'node:crypto';

/**
 * What stands in the key of the generation: the mark of the change that made it, and those of the changes before it, the newest
 * first. Whoever has lost an answer finds its own mark there, also where others have changed something since.
 */
const MOST = 128;

/** So short that all of them are far smaller than a definition. */
export const newMark = (): string => randomBytes(9).toString('base64url');

export const marksWith = (mark: string, former: string): string => [mark, ...marksIn(former)].slice(0, MOST).join(' ');

/** Those of former versions are each a UUID alone. */
const marksIn = (text: string): readonly string[] => text.split(' ').filter((mark) => mark !== '');

/**
 * What has become of the change of this mark, which was only to be made on top of `former`. Undefined: it is not known, as too much has
 * changed since, or as it may come yet.
 */
export function fateOf(mark: string, former: string, found: string): 'made' | 'never' | undefined {
	const marks = marksIn(found);
	if (marks.includes(mark)) return 'made';
	if (found === former) return undefined;
	const [base] = marksIn(former);
	const isWhole = base === undefined ? marks.length < MOST : marks.includes(base);
	return isWhole ? 'never' : undefined;
}
