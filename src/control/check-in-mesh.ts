import { checkSpec } from '../mesh/check-spec.ts';
import { misfitsOf } from '../mesh/load-mesh.ts';
import { mistakeLine } from '../mesh/mistake-line.ts';
import { dangling } from '../mesh/reference.ts';
import type { Mistake, Resource } from '../mesh/resource.ts';
import { checkResource } from '../mesh/validate-resources.ts';
import type { Key } from '../store/store.ts';
import { ApiFailure } from './api-failure.ts';
import { badRequest, mistakesText } from './check-input.ts';
import { neededBy } from './needed.ts';
import { catalogWith, type View } from './view.ts';

/** Where the mistakes of what was sent stand. */
const REQUEST = 'request';

/** A resource with the spec that was sent, checked by itself. Throws an ApiFailure with all mistakes. */
export function readResource(key: Key, spec: unknown): Resource {
	const placeOf = (path: string) => ({ file: REQUEST, line: 1, path });
	const { resource, errors } = checkResource({ ...key, spec, placeOf });
	const mistakes = resource === undefined ? errors : checkSpec(resource);
	if (resource === undefined || mistakes.length > 0) throw badRequest(mistakes);
	return resource;
}

/**
 * Holds a resource against the others of its mesh. Throws where it does not fit them itself. What others then do not fit, it
 * returns: a change of several resources has to begin with one.
 */
export function checkInMesh(view: View, resource: Resource): Mistake[] {
	const after = catalogWith(view, resource, resource);
	const missing = neededBy(resource).flatMap((needed) => dangling(after, { from: resource, ...needed }));
	if (missing.length > 0) throw new ApiFailure('NotFoundException', mistakesText(missing));
	const found = misfitsOf(after);
	const own = found.filter(({ file, path }) => file === REQUEST && !path.startsWith('spec.backends['));
	if (own.length > 0) throw badRequest(own);
	return newMistakes(view, resource, found);
}

/** What others miss once it is gone. */
export const checkWithout = (view: View, key: Key): Mistake[] =>
	newMistakes(view, key, misfitsOf(catalogWith(view, key, undefined)));

function newMistakes(view: View, key: Key, after: readonly Mistake[]): Mistake[] {
	if (after.length === 0) return [];
	const before = new Set(misfitsOf(catalogWith(view, key, view.find(key)?.resource)).map(mistakeLine));
	return after.filter((each) => !before.has(mistakeLine(each)));
}
