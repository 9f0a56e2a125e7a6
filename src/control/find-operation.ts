import { attempt } from '../lib/attempt.ts';
import { quote } from '../lib/escape.ts';
import { API } from '../mesh/schema/collections.ts';
import { ApiFailure } from './api-failure.ts';
import { type Operation, operations, type QueryName } from './operations.ts';

/** A request of which only its first line was looked at. */
export interface Found {
	readonly operation: Operation;
	/** From its path, by their keys: `meshName`. */
	readonly names: Readonly<Record<string, string>>;
	readonly query: Readonly<Partial<Record<QueryName, string>>>;
}

/** Not by `URL`, which takes a name such as `..` away. Throws an ApiFailure where there is no such operation. */
export function findOperation(method: string, target: string): Found {
	const [path = '', query = ''] = target.split('?', 2);
	const segments = path.split('/');
	for (const { operation, parts } of patterns) {
		if (operation.method !== method || parts.length !== segments.length) continue;
		const isIt = parts.every((part, at) => part.startsWith('{') || part === segments[at]);
		if (isIt) return { operation, names: namesIn(parts, segments), query: queryOf(operation, query) };
	}
	throw unknown(method, path);
}

const patterns = operations.map((operation) => ({ operation, parts: operation.path.split('/') }));

const namesIn = (parts: readonly string[], segments: readonly string[]): Record<string, string> =>
	Object.fromEntries(
		parts.flatMap((part, at) => (part.startsWith('{') ? [[part.slice(1, -1), decoded(segments[at] ?? '')]] : [])),
	);

function decoded(segment: string): string {
	const found = attempt(() => decodeURIComponent(segment));
	if ('value' in found && found.value !== '') return found.value;
	throw new ApiFailure('BadRequestException', `${quote(segment)} in the path is no name`, 'names stand there in UTF-8');
}

/** Others are passed over: SDKs may add some. */
function queryOf(operation: Operation, text: string): Found['query'] {
	const given = new URLSearchParams(text);
	return Object.fromEntries(
		operation.query.flatMap((name) => (given.has(name) ? [[name, given.get(name) ?? '']] : [])),
	);
}

function unknown(method: string, path: string): ApiFailure {
	const hint = path.startsWith('/v20181001/')
		? 'the preview of 2018-10-01 has ended: use a newer version of the CLI or SDK'
		: `the API of App Mesh is below ${API}/meshes and ${API}/tags`;
	return new ApiFailure('UnknownOperationException', `there is no operation ${method} ${quote(path)}`, hint);
}
