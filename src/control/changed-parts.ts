import { documentDifferences } from '../xds/diff/document-differences.ts';
import type { HistoryEvent } from './history.ts';

type Sides = Pick<HistoryEvent, 'before' | 'after'>;

/** What of a resource is another. Its version and its times are after each change. */
const changesIn = ({ before, after }: Sides) => documentDifferences(content(before), content(after));

function content(resource: Sides['before']): object {
	const { spec = {}, tags = [] } = (resource ?? {}) as Readonly<Record<string, unknown>>;
	return { spec, tags };
}

/** In the log there is room for so many. */
const MOST_NAMED = 10;

/** `spec.listeners[0].portMapping.port, …`; '' where all of it was made or deleted. */
export function changedPaths(event: Sides): string {
	if (event.before === undefined || event.after === undefined) return '';
	const paths = changesIn(event).map(({ path }) => path);
	return [...paths.slice(0, MOST_NAMED), ...(paths.length > MOST_NAMED ? ['…'] : [])].join(', ');
}

/** A line for each part that is another. */
export const changeLines = (event: Sides): string[] => changesIn(event).map(({ line }) => line);
