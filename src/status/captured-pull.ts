/** Docker's error if its connections are redirected to Envoy while Envoy is down. */
const NOBODY = /^Cannot pull .*(connection refused|connection reset|i\/o timeout)/;

export const PULL_CAPTURED = 'the pull itself is captured and redirected to Envoy, which is not running';

/** Why Envoy is down, with a cause that Docker cannot know: our rules look to it like a registry that refuses connections. */
export const withCause = (why: string, isCapturing: boolean): string =>
	isCapturing && NOBODY.test(why) ? `${why}; ${PULL_CAPTURED}` : why;
