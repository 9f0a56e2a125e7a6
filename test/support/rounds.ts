/** Said with `scripts/test --full`. */
export const isFull = process.env['TEST_FULL'] === '1';

/**
 * How often a test repeats what happens at random moments: as often as is promised with `scripts/test --full`, a tenth of
 * it otherwise, so that a whole run takes minutes.
 */
export const rounds = (full: number): number => (isFull ? full : Math.ceil(full / 10));
