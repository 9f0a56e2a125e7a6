import type { duration } from '../mesh/schema/common.ts';
import type { Value } from '../mesh/schema/shape.ts';

/** As proto3 JSON has it: seconds, with up to three decimals here. */
export function seconds({ unit = 's', value = 0 }: Value<typeof duration>): string {
	return `${unit === 's' ? value : value / 1_000}s`;
}
