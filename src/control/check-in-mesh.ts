import { checkSpec } from '../mesh/check-spec.ts';
import { fitOf, fitWithout } from '../mesh/fit.ts';
import { mistakeLine } from '../mesh/mistake-line.ts';
import { isSameKey, type Mistake, type Resource, type ResourceKey } from '../mesh/resource.ts';
import { checkResource } from '../mesh/validate-resources.ts';
import { ApiFailure } from './api-failure.ts';
import { badRequest, mistakesText } from './check-input.ts';
import type { View } from './view.ts';

/** Where the mistakes of what was sent stand. */
const REQUEST = 'request';

/** A resource with the spec that was sent, checked by itself. Throws an ApiFailure with all mistakes. */
export function readResource(key: ResourceKey, spec: unknown): Resource {
	const placeOf = (path: string) => ({ file: REQUEST, line: 1, path });
	const { resource, errors } = checkResource({ ...key, spec, placeOf });
	const mistakes = resource === undefined ? errors : checkSpec(resource);
	if (resource === undefined || mistakes.length > 0) throw badRequest(mistakes);
	return resource;
}

/**
 * Holds a resource against the others of its mesh. Throws where it does not fit them itself. What others then do not fit, it
 * returns.
 */
export function checkInMesh(view: View, resource: Resource): readonly Mistake[] {
	const { missing, own, others } = fitOf(othersOf(view, resource), resource, view.find(resource)?.resource);
	if (missing.length > 0) throw new ApiFailure('NotFoundException', mistakesText(missing));
	if (own.length > 0) throw badRequest(own);
	return others;
}

/** For the log, beside the resource that was sent: what was sent is in no file. */
export const toldLine = (mistake: Mistake): string =>
	mistake.file === REQUEST ? mistakesText([mistake]) : mistakeLine(mistake);

/** What others miss once it is gone. */
export const checkWithout = (view: View, resource: Resource): readonly Mistake[] =>
	fitWithout(othersOf(view, resource), resource);

const othersOf = (view: View, key: ResourceKey): Resource[] =>
	view.resourcesOf(key.mesh).filter((each) => !isSameKey(each, key));
