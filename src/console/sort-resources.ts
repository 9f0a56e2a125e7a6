import type { ShownResource } from '../mesh/console-protocol.ts';
import { asResource } from './check-draft.ts';
import { summaryOf } from './summary.ts';

export const columns = ['Name', 'Summary', 'Version', 'Changed'] as const;
export type Column = (typeof columns)[number];

export interface Order {
	readonly by: Column;
	readonly isDown: boolean;
}

/** As the address of an entry keeps it, such as `Changed` or, downwards, `-Changed`; what is no order is that by names. */
export function parseOrder(text = ''): Order {
	const by = columns.find((column) => column === text.replace(/^-/, ''));
	return by === undefined ? { by: 'Name', isDown: false } : { by, isDown: text.startsWith('-') };
}

/** The order after somebody has pressed the head of a column. */
export const orderAfter = ({ by, isDown }: Order, pressed: Column): string =>
	`${by === pressed && !isDown ? '-' : ''}${pressed}`;

/** `n2` comes before `n10`. */
const { compare } = new Intl.Collator('en', { numeric: true });

type Compare = (a: ShownResource, b: ShownResource) => number;

const comparisons: Readonly<Record<Column, Compare>> = {
	Name: () => 0,
	Summary: (a, b) => compare(summaryOf(asResource(a)), summaryOf(asResource(b))),
	Version: (a, b) => a.version - b.version,
	Changed: (a, b) => compare(a.updatedAt, b.updatedAt),
};

/** Those that are alike by their names. */
export function sorted(resources: readonly ShownResource[], { by, isDown }: Order): readonly ShownResource[] {
	const sign = isDown ? -1 : 1;
	return resources.toSorted((a, b) => sign * (comparisons[by](a, b) || compare(a.name, b.name)));
}
