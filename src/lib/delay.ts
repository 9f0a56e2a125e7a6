/** What Node's timers hold; they take a longer one for 1 ms (nodejs.org/api/timers.html). */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * A delay that a timer can keep. One that is negative, none at all or too long Node takes for 1 ms, and says so on
 * standard error: what was to happen next month happens at once, and the log has a line that is none of its own.
 */
export const delayMs = (ms: number): number => Math.min(Math.max(ms, 0) || 0, LONGEST_MS);
