import { inKeyOrder } from '../mesh/canonical.ts';

/** Whatever the order of their fields. */
export const isSameValue = (a: unknown, b: unknown): boolean => ordered(a) === ordered(b);

const ordered = (value: unknown): string => JSON.stringify(inKeyOrder(value, (text) => text));
