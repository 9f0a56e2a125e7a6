/** Docker's words where nobody takes what we capture. */
const NOBODY = /^Cannot pull .*(connection refused|connection reset|i\/o timeout)/;

export const PULL_CAPTURED = 'the pull itself is captured, and led to the Envoy that is missing';

/** Why Envoy is away, with the cause that Docker cannot know: it takes our rules for a registry that refuses it. */
export const withCause = (why: string, isCapturing: boolean): string =>
	isCapturing && NOBODY.test(why) ? `${why}; ${PULL_CAPTURED}` : why;
