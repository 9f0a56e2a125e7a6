import { API, collections, pluralOf } from '../mesh/schema/collections.ts';
import { type Kind, kinds, nameKey, nameShape } from '../mesh/schema/kinds.ts';
import { list, type ObjectShape, object, type Shape, text } from '../mesh/schema/shape.ts';
import { tagKey, tagList } from '../store/definition-text.ts';
import type { ApiError } from './api-failure.ts';

export type Verb = 'create' | 'describe' | 'update' | 'delete' | 'list';
export type TagVerb = 'tag' | 'untag' | 'listTags';

/** A row of App Mesh's API: routes, checks, rights and the table of docs/control.md are made of it. */
export interface Operation {
	/** Such as `CreateVirtualNode`; of policies `appmesh:CreateVirtualNode`. */
	readonly name: string;
	readonly act: { readonly verb: Verb; readonly kind: Kind } | { readonly verb: TagVerb };
	readonly method: 'GET' | 'PUT' | 'DELETE';
	/** Parts in braces are names. */
	readonly path: string;
	readonly query: readonly QueryName[];
	/** Undefined: it has none. */
	readonly body: ObjectShape | undefined;
	/** The status code of its reply. */
	readonly status: 200;
	/** Beside those that any operation may have. */
	readonly errors: readonly ApiError[];
}

export type QueryName = 'limit' | 'meshOwner' | 'nextToken' | 'resourceArn';

/** Of any operation. */
export const commonErrors: readonly ApiError[] = [
	...(['BadRequestException', 'ForbiddenException', 'InternalServerErrorException', 'NotFoundException'] as const),
	...(['ServiceUnavailableException', 'TooManyRequestsException'] as const),
];

/** The guide: up to 36 letters, numbers, hyphens and underscores. */
const clientToken = text({ min: 1, max: 36 });

const verbs: Readonly<Record<Verb, Pick<Operation, 'method' | 'errors'> & { readonly isOfOne: boolean }>> = {
	create: { method: 'PUT', isOfOne: false, errors: ['ConflictException', 'LimitExceededException'] },
	describe: { method: 'GET', isOfOne: true, errors: [] },
	update: { method: 'PUT', isOfOne: true, errors: ['ConflictException', 'LimitExceededException'] },
	delete: { method: 'DELETE', isOfOne: true, errors: ['ResourceInUseException'] },
	list: { method: 'GET', isOfOne: false, errors: [] },
};

const paging = ['limit', 'nextToken'] as const;

export const operations: readonly Operation[] = [
	...(Object.keys(kinds) as Kind[]).flatMap((kind) => (Object.keys(verbs) as Verb[]).map((verb) => ofKind(kind, verb))),
	tags('ListTagsForResource', 'listTags', { query: ['resourceArn', 'limit', 'nextToken'], path: 'tags' }),
	tags('TagResource', 'tag', { body: object({ tags: tagList }, {}), path: 'tag', errors: ['TooManyTagsException'] }),
	tags('UntagResource', 'untag', { body: object({ tagKeys: list(tagKey, 0, 50) }, {}), path: 'untag' }),
];

function ofKind(kind: Kind, verb: Verb): Operation {
	const { method, isOfOne, errors } = verbs[verb];
	const capital = (word: string) => word.replace(/^./, (letter) => letter.toUpperCase());
	const isChangeOfMesh = kind === 'mesh' && verb !== 'describe';
	return {
		name: `${capital(verb)}${capital(verb === 'list' ? pluralOf(kind) : kind)}`,
		act: { verb, kind },
		...{ method, status: 200 },
		path: isOfOne ? `${collections[kind]}/{${nameKey(kind)}}` : collections[kind],
		query: [...(isChangeOfMesh ? [] : ['meshOwner' as const]), ...(verb === 'list' ? paging : [])],
		body: bodyOf(kind, verb),
		// UpdateMesh makes nothing of which there may be too much.
		errors: kind === 'mesh' && verb === 'update' ? ['ConflictException'] : errors,
	};
}

function bodyOf(kind: Kind, verb: Verb): ObjectShape | undefined {
	if (verb !== 'create' && verb !== 'update') return undefined;
	const spec: Readonly<Record<string, Shape>> = { spec: kinds[kind] };
	const isNeeded = kind !== 'mesh';
	const own = verb === 'create' ? { [nameKey(kind)]: nameShape(kind) } : {};
	return object(
		{ ...own, ...(isNeeded ? spec : {}) },
		{ clientToken, ...(isNeeded ? {} : spec), ...(verb === 'create' ? { tags: tagList } : {}) },
	);
}

function tags(
	name: string,
	verb: TagVerb,
	row: { readonly path: string } & Partial<Pick<Operation, 'query' | 'body' | 'errors'>>,
): Operation {
	const { path, query = ['resourceArn'], body, errors = [] } = row;
	const method = verb === 'listTags' ? 'GET' : 'PUT';
	return { name, act: { verb }, method, path: `${API}/${path}`, query, body, status: 200, errors };
}
