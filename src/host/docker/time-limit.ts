/** Docker on a busy host answers within milliseconds, or seconds; one that has not after so long hangs. */
export const PATIENCE_MS = 10_000;
/** A start makes mounts, cgroups and a process, each of which waits for the disk; making a container may look for a plugin for 15 s. */
export const START_MS = 30_000;

/**
 * One call to Docker and no longer than this: a Docker that hangs takes every call and answers none. Not every call of the
 * package can be cut off; what comes of those later is no matter.
 */
export async function within<T>(
	ms: number,
	act: (abortSignal: AbortSignal) => Promise<T>,
	outer?: AbortSignal,
): Promise<T> {
	const late = new AbortController();
	const over = Promise.withResolvers<never>();
	const timer = setTimeout(() => late.abort(noAnswer(ms)), ms);
	const end = () => late.abort(outer?.reason);
	outer?.addEventListener('abort', end, { once: true });
	late.signal.addEventListener('abort', () => over.reject(late.signal.reason), { once: true });
	try {
		outer?.throwIfAborted();
		return await Promise.race([over.promise, act(late.signal)]);
	} finally {
		clearTimeout(timer);
		outer?.removeEventListener('abort', end);
	}
}

/** As the kernel calls it (errno(3)), for `awayText`. */
const noAnswer = (ms: number): Error =>
	Object.assign(new Error(`does not answer within ${ms / 1_000} s`), { code: 'ETIMEDOUT' });
