import { type Fault, faultOf } from './fault.ts';
import type { DefinitionFile } from './import-files.ts';
import { keyText, type Mistake, type Resource, type ResourceKey } from './resource.ts';

/** By file; undefined: nobody knows what it has been. */
type Keys = ReadonlyMap<string, readonly (ResourceKey | undefined)[]>;

/**
 * What files that cannot be read, or not to their end, had defined when they could be: it must not look as if it had been
 * deleted. Each call is about all files as they are then. `mistakes`: why they cannot be read.
 */
export function createUnread(): (
	files: readonly DefinitionFile[],
	resources: readonly Resource[],
	mistakes: readonly Mistake[],
) => Fault[] {
	let former: (() => Keys) | undefined;
	return (files, resources, mistakes) => {
		if (mistakes.length === 0) {
			former = () => keysByFile(files, resources);
			return [];
		}
		const [before, now] = [former?.(), keysByFile(files, resources)];
		const broken = Map.groupBy(mistakes, ({ file }) => file);
		const gone = [...(before ?? [])].filter(([path]) => !now.has(path));
		// One that is new may have what has gone elsewhere: it was renamed, or split.
		const lastIn = (path: string) =>
			before === undefined ? [undefined] : (before.get(path) ?? gone.flatMap(([, keys]) => keys));
		const known = new Map([
			...gone,
			...[...now].map(([path, keys]) => [path, broken.has(path) ? lastIn(path) : keys] as const),
		]);
		former = () => known;
		const isThere = new Set(resources.map(keyText));
		return [...broken].flatMap(([path, own]) => {
			const lost = lastIn(path).filter((key) => key === undefined || !isThere.has(keyText(key)));
			return [...lost, ...(now.get(path) ?? [])].flatMap((key) => faultOf(key, own));
		});
	};
}

function keysByFile(files: readonly DefinitionFile[], resources: readonly Resource[]): Keys {
	const found = Map.groupBy(resources, ({ placeOf }) => placeOf('').file);
	return new Map(files.map(({ path }) => [path, found.get(path) ?? []]));
}
