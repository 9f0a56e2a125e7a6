// PURE. The table of who answered after each move of the canary, as lines of at most 80 columns.
import type { Weights } from '../support/guide-commands.ts';
import type { Colours } from './colours.ts';
import { renderGrid } from './grid.ts';

/** Who answers as version 1 and version 2. */
export const [V1, V2] = ['service-b-v1', 'service-b-v2'] as const;

export interface FleetRow {
	readonly what: string;
	readonly weights: Weights;
	/** Answers by version 1 and version 2, and what was no such answer. */
	readonly counts: readonly [v1: number, v2: number, others: number];
	/** Until it showed in the requests of service A, and in those through the gateway; undefined: nothing was changed. */
	readonly shownMs: readonly [service: number, gateway: number] | undefined;
}

const titles = ['asked', 'v1', 'v2', 'else', 'A ms', 'gw ms'];

export const renderFleetTable = (rows: readonly FleetRow[], colours: Colours): string[] =>
	renderGrid(
		titles,
		rows.map(({ what, counts, shownMs = [] }) => ({
			title: what,
			cells: [counts.reduce((sum, count) => sum + count, 0), ...counts, ...shownMs].map(String),
		})),
		colours,
	);
