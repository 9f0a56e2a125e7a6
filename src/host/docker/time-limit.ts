/** Docker on a busy host answers within seconds; without an answer after this it hangs. */
export const PATIENCE_MS = 10_000;
/** A start makes mounts, cgroups and a process, each of which waits for the disk; creating a container may look for a plugin for 15 s. */
export const START_MS = 30_000;

/**
 * Limits the time of one call: a Docker that hangs accepts every call and answers none. Where dockerode cannot abort a
 * call its late outcome is ignored.
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

/** With the kernel's code for it (errno(3)), for `unavailableText`. */
const noAnswer = (ms: number): Error =>
	Object.assign(new Error(`does not answer within ${ms / 1_000} s`), { code: 'ETIMEDOUT' });
