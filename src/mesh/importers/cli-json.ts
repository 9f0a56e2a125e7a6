import { quote } from '../../lib/escape.ts';
import { isRecord } from '../check-shape.ts';
import type { ParsedDocument } from '../document.ts';
import type { Segment } from '../path.ts';
import type { Imported, Mistake, Place, RawResource } from '../resource.ts';
import { type Kind, kinds, nameKey, parentOf } from '../schema/kinds.ts';
import { failed, type Importer, imported, mistake, nothingImported, placesBelow, together } from './importer.ts';

/**
 * What `aws appmesh create-… --cli-input-json` takes and `aws appmesh describe-…` prints: one resource, or a list of them.
 * A route has its router's name as well, so that the order of kinds matters.
 */
export const cliJson: Importer = {
	format: 'CLI JSON',
	recognises: (value) => (Array.isArray(value) ? value.some(isResource) : isResource(value)),
	read: (documents) => together(documents.map(readDocument)),
	hasTemplates: true,
};

const readDocument = (document: ParsedDocument): Imported =>
	Array.isArray(document.value)
		? together(document.value.map((item: unknown, at) => readOne(document, item, [at])))
		: readOne(document, document.value, []);

type Fields = Readonly<Record<string, unknown>>;

const order: readonly Kind[] = [
	...(['route', 'gatewayRoute', 'virtualNode', 'virtualRouter', 'virtualService', 'virtualGateway', 'mesh'] as const),
];

const isResource = (value: unknown): boolean =>
	isRecord(value) && (kindOf(value) !== undefined || described(value) !== undefined || listed(value) !== undefined);

const kindOf = (value: Fields): Kind | undefined =>
	'spec' in value || Object.keys(value).every((key) => key.endsWith('Name') || OTHER_KEYS.includes(key))
		? order.find((kind) => nameKey(kind) in value)
		: undefined;

/** `{"virtualNode": {…}}`, as `describe-virtual-node` prints it. */
const described = (value: Fields): Kind | undefined => {
	const [key = '', ...more] = Object.keys(value);
	return more.length === 0 && isRecord(value[key]) ? order.find((kind) => kind === key) : undefined;
};

/** `{"virtualNodes": [{"arn": …}]}`, as `list-virtual-nodes` prints it. */
const listed = (value: Fields): Kind | undefined => {
	const [key = ''] = Object.keys(value).filter((name) => name !== 'nextToken');
	return Array.isArray(value[key])
		? order.find((kind) => key === `${kind}s` || (kind === 'mesh' && key === 'meshes'))
		: undefined;
};

function readOne(document: ParsedDocument, value: unknown, at: readonly Segment[]): Imported {
	const placeOf = placesBelow(document, at);
	if (!isRecord(value))
		return failed(placeOf(''), 'it is not a resource', 'a list holds objects with names and a spec');
	const inner = described(value);
	if (inner !== undefined) return readOne(document, value[inner], [...at, inner]);
	if (listed(value) !== undefined) return readList(document, value, at);
	const kind = kindOf(value);
	if (kind === undefined)
		return failed(
			placeOf(''),
			'no name says what it is',
			`one of ${Object.keys(kinds)
				.map((each) => `${each}Name`)
				.join(', ')}`,
		);
	return readResource(kind, value, placeOf);
}

/** Lists name resources, and leave out what they say. Those of `describe`, put into one list, are whole. */
function readList(document: ParsedDocument, value: Fields, at: readonly Segment[]): Imported {
	const [key = ''] = Object.keys(value).filter((name) => name !== 'nextToken');
	const items = value[key] as readonly unknown[];
	return together(
		items.map((item, index) => {
			const path = [...at, key, index];
			if (isRecord(item) && 'spec' in item) return readOne(document, item, path);
			return failed(
				placesBelow(document, path)(''),
				'a list of the CLI has no specs',
				`take the output of describe-… instead`,
			);
		}),
	);
}

/** Of a request (tags, who owns the mesh) and of a reply (metadata, status). They do not change what Envoy does. */
const OTHER_KEYS = ['clientToken', 'metadata', 'meshOwner', 'spec', 'status', 'tags'];

function readResource(kind: Kind, value: Fields, placeOf: (path: string) => Place): Imported {
	const parent = parentOf[kind];
	const names = ['meshName', nameKey(kind), ...(parent === undefined ? [] : [nameKey(parent)])];
	const unknown = Object.keys(value).filter((key) => !names.includes(key) && !OTHER_KEYS.includes(key));
	const errors: Mistake[] = [
		...unknown.map((key) =>
			mistake(placeOf(key), `unknown field ${quote(key)}`, `known: ${[...names, ...OTHER_KEYS].join(', ')}`),
		),
		...names.flatMap((key) => missingName(value, key, placeOf)),
	];
	if (errors.length > 0) return { ...nothingImported, errors };
	return imported({
		...{ kind, placeOf, spec: value['spec'] ?? {} },
		...{ mesh: String(value['meshName']), name: String(value[nameKey(kind)]) },
		parent: parent === undefined ? '' : String(value[nameKey(parent)]),
	} satisfies RawResource);
}

function missingName(value: Fields, key: string, placeOf: (path: string) => Place): Mistake[] {
	if (!(key in value))
		return [mistake(placeOf(''), `${quote(key)} is missing`, 'write it, as the CLI got it by an option')];
	return typeof value[key] === 'string' ? [] : [mistake(placeOf(key), `${quote(key)} is not a text`)];
}
