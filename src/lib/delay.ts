/** The longest delay of Node's timers; a longer one becomes 1 ms (nodejs.org/api/timers.html). */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Clamps a delay to what Node's timers support. Node turns a delay that is negative, NaN or too long into 1 ms and
 * writes a warning to standard error: an action due next month would run at once.
 */
export const delayMs = (ms: number): number => Math.min(Math.max(ms, 0) || 0, LONGEST_MS);
