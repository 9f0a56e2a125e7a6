import { attempt } from '../lib/attempt.ts';
import { quote } from '../lib/escape.ts';
import { checkShape, isRecord, type ShapeMistake } from '../mesh/check-shape.ts';
import { firstTooDeepJson } from '../mesh/document.ts';
import { textOfPath } from '../mesh/path.ts';
import type { Mistake, ResourceKey } from '../mesh/resource.ts';
import { name as resourceName } from '../mesh/schema/common.ts';
import { type Kind, nameKey, nameShape, parentOf } from '../mesh/schema/kinds.ts';
import { object } from '../mesh/schema/shape.ts';
import type { Tag } from '../store/store.ts';
import { ApiFailure } from './api-failure.ts';
import type { Found } from './find-operation.ts';

/** What the API takes beside names. All of it is there only where the operation has it. */
export interface Input {
	readonly spec: unknown;
	readonly tags: readonly Tag[];
	readonly tagKeys: readonly string[];
	readonly clientToken: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** Throws where it is none; what marks the order of bytes is left, and is no JSON. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** JSON; undefined where it is none. An empty body is an empty object. */
export function parseBody(body: Uint8Array): unknown {
	const decoded = attempt(() => utf8.decode(body));
	if ('error' in decoded) return undefined;
	const text = decoded.value;
	if (text.trim() === '') return {};
	if (firstTooDeepJson(text) !== undefined) return undefined;
	const parsed = attempt((): unknown => JSON.parse(text));
	return 'value' in parsed ? parsed.value : undefined;
}

/** Of what a request is about; a name that is missing in its body is ''. */
export function keyOf(kind: Kind, names: Found['names'], body: unknown): ResourceKey {
	const own = names[nameKey(kind)] ?? (isRecord(body) ? body[nameKey(kind)] : undefined);
	const name = typeof own === 'string' ? own : '';
	const outer = parentOf[kind];
	return {
		...{ kind, name },
		mesh: kind === 'mesh' ? name : (names['meshName'] ?? ''),
		parent: outer === undefined ? '' : (names[nameKey(outer)] ?? ''),
	};
}

/** Throws one ApiFailure with all mistakes, each with its path. */
export function checkInput({ operation, names }: Found, body: unknown): Input {
	const mistakes = [
		...checkNames(names),
		...checkFields(operation.body ?? object({}, {}), body),
		...checkNewName(operation, body),
	];
	if (mistakes.length > 0) throw badRequest(mistakes.map((each) => ({ ...each, path: textOfPath(each.path) })));
	const { spec, tags, tagKeys, clientToken } = body as Fields;
	return {
		spec: spec ?? {},
		tags: (tags ?? []) as readonly Tag[],
		tagKeys: (tagKeys ?? []) as readonly string[],
		clientToken: (clientToken ?? undefined) as string | undefined,
	};
}

const checkNames = (names: Found['names']): ShapeMistake[] =>
	Object.entries(names).flatMap(([key, value]) =>
		checkShape(key === nameKey('virtualService') ? nameShape('virtualService') : resourceName, value, [key]),
	);

/** An ARN has to say which resource it is of: not `r/route/x` of a router, nor what a policy's `*` does not go past. */
function checkNewName({ act }: Found['operation'], body: unknown): ShapeMistake[] {
	if (!('kind' in act) || act.verb !== 'create') return [];
	const { name } = keyOf(act.kind, {}, body);
	if (!/[/:]/.test(name)) return [];
	const why = `${quote(name)} has a slash or a colon, so that its ARN could be read in two ways`;
	return [{ path: [nameKey(act.kind)], why, hint: 'take another name' }];
}

function checkFields(shape: NonNullable<Found['operation']['body']>, body: unknown): ShapeMistake[] {
	if (isRecord(body)) return checkShape(shape, body);
	return [{ path: [], why: 'the body is not a JSON object in UTF-8', hint: 'send what --generate-cli-skeleton shows' }];
}

/** As `mesh check` says it, without a file. */
export const badRequest = (mistakes: readonly Pick<Mistake, 'path' | 'why' | 'hint'>[]): ApiFailure =>
	new ApiFailure('BadRequestException', mistakesText(mistakes));

/** More would be of no use to anybody, and of a megabyte that was sent could be ten. */
const MOST_TOLD = 100;

export function mistakesText(mistakes: readonly Pick<Mistake, 'path' | 'why' | 'hint'>[]): string {
	const told = mistakes.slice(0, MOST_TOLD).map(mistakeText);
	const untold = mistakes.length - told.length;
	return [...told, ...(untold > 0 ? [`and ${untold} more mistakes`] : [])].join('\n');
}

const mistakeText = ({ path, why, hint }: Pick<Mistake, 'path' | 'why' | 'hint'>): string =>
	`${path === '' ? '' : `${path}: `}${why}${hint === '' ? '' : `; ${hint}`}`;

/** A mesh is shared by the folder or the store that its hosts read. */
export function refuseSharing(owner: string | undefined, account: string): void {
	if (owner === undefined || owner === account) return;
	throw new ApiFailure(
		'BadRequestException',
		`meshOwner is ${quote(owner)}: meshes are not shared between accounts (AWS RAM) here`,
		`leave meshOwner out, or give ${account}: hosts share a mesh by reading the same definitions`,
	);
}
