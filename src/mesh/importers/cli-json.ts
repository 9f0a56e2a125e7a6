import { quote } from '../../lib/escape.ts';
import { isRecord } from '../check-shape.ts';
import type { ParsedDocument } from '../document.ts';
import type { Segment } from '../path.ts';
import type { Imported, Mistake, Place, RawResource } from '../resource.ts';
import { type Kind, kinds, nameKey, parentOf } from '../schema/kinds.ts';
import { chosenKind, isBareSpec, isNamelessSpec, type Names, namesFor } from './cli-names.ts';
import {
	failed,
	type Importer,
	imported,
	mistake,
	nothingImported,
	type Parameters,
	placesBelow,
	together,
} from './importer.ts';
import { previewMistakes } from './preview-api.ts';

/**
 * What `aws appmesh create-… --cli-input-json` takes and `aws appmesh describe-…` prints: one resource, or a list of them;
 * what `--spec` takes, its names given otherwise; and what `list-…` prints, which names resources only.
 * A route has its router's name as well, so that the order of kinds matters.
 */
export const cliJson: Importer = {
	format: 'CLI JSON',
	recognises: (value) => (Array.isArray(value) ? value.some(isResource) : isResource(value)),
	read: (documents, parameters) => {
		const found = all(documents.map((document) => readDocument(document, parameters)));
		return together([found.imported, unread(found.listed, found.imported.resources)]);
	},
	hasTemplates: true,
};

type Fields = Readonly<Record<string, unknown>>;

const order: readonly Kind[] = [
	...(['route', 'gatewayRoute', 'virtualNode', 'virtualRouter', 'virtualService', 'virtualGateway', 'mesh'] as const),
];

const isResource = (value: unknown): boolean =>
	isRecord(value) &&
	([kindOf, described, listKey].some((find) => find(value) !== undefined) ||
		isBareSpec(value) ||
		isNamelessSpec(value));

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
const listKey = (value: Fields): string | undefined => {
	const [key = '', ...more] = Object.keys(value).filter((name) => name !== 'nextToken');
	if (more.length > 0 || !Array.isArray(value[key])) return undefined;
	return order.some((kind) => key === (kind === 'mesh' ? 'meshes' : `${kind}s`)) ? key : undefined;
};

/** A resource that a list names, without what it says. */
interface Listed {
	readonly kind: Kind;
	readonly fields: Fields;
	readonly place: Place;
}

interface Reading {
	readonly imported: Imported;
	readonly listed: readonly Listed[];
}

const onlyImported = (found: Imported): Reading => ({ imported: found, listed: [] });

const all = (parts: readonly Reading[]): Reading => ({
	imported: together(parts.map((part) => part.imported)),
	listed: parts.flatMap(({ listed }) => listed),
});

const readDocument = (document: ParsedDocument, parameters: Parameters): Reading =>
	Array.isArray(document.value)
		? all(document.value.map((item: unknown, at) => readOne({ document, parameters }, item, [at])))
		: readOne({ document, parameters }, document.value, []);

interface Source {
	readonly document: ParsedDocument;
	readonly parameters: Parameters;
}

function readOne(source: Source, value: unknown, at: readonly Segment[]): Reading {
	const placeOf = placesBelow(source.document, at);
	if (!isRecord(value))
		return onlyImported(failed(placeOf(''), 'it is not a resource', 'a list holds objects with names and a spec'));
	const inner = described(value);
	if (inner !== undefined) return readOne(source, value[inner], [...at, inner]);
	const list = listKey(value);
	if (list !== undefined) return readList(source, value[list] as readonly unknown[], [...at, list]);
	const bare = kindOf(value) === undefined && isBareSpec(value);
	return onlyImported(
		readResource(source, bare ? { spec: value } : value, (path) =>
			bare ? { ...placeOf(path.replace(/^spec\.?/, '')), path } : placeOf(path),
		),
	);
}

/** Those of `describe`, put into one list, are whole. */
const readList = (source: Source, items: readonly unknown[], at: readonly Segment[]): Reading =>
	all(
		items.map((item, index): Reading => {
			const path = [...at, index];
			const kind = isRecord(item) && !('spec' in item) ? kindOf({ ...item, spec: {} }) : undefined;
			if (kind === undefined || !isRecord(item)) return readOne(source, item, path);
			return {
				imported: nothingImported,
				listed: [{ kind, fields: item, place: placesBelow(source.document, path)('') }],
			};
		}),
	);

/** What is only named. A list beside the output of `describe` for all that is in it is fine. */
function unread(listed: readonly Listed[], resources: readonly RawResource[]): Imported {
	const keyOf = (...names: readonly unknown[]): string => JSON.stringify(names);
	const known = new Set(resources.map(({ kind, mesh, parent, name }) => keyOf(kind, mesh, parent, name)));
	const missing = listed.filter(({ kind, fields }) => {
		const parent = parentOf[kind];
		const outer = parent === undefined ? '' : fields[nameKey(parent)];
		return !known.has(keyOf(kind, fields['meshName'], outer, fields[nameKey(kind)]));
	});
	const errors = missing.map(({ kind, fields, place }) =>
		mistake(
			place,
			`${kind} ${shownName(fields[nameKey(kind)])} is only listed: a list of the CLI has no specs`,
			`add the output of aws appmesh describe-${kind.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
		),
	);
	return { ...nothingImported, errors };
}

const shownName = (name: unknown): string => (typeof name === 'string' ? quote(name) : 'without a name');

/** Of a request (tags, who owns the mesh) and of a reply (metadata, status). They do not change what Envoy does. */
const OTHER_KEYS = ['clientToken', 'metadata', 'meshOwner', 'spec', 'status', 'tags'];

function readResource({ document, parameters }: Source, value: Fields, placeOf: (path: string) => Place): Imported {
	const given = namesFor(document.file, parameters);
	const kind = chosenKind(value, kindOf(value), given);
	if (kind === undefined) {
		const names = Object.keys(kinds).map((each) => `${each}Name`);
		const hint = `write one of ${names.join(', ')}, or call the file NAME.virtualNode.json or the like`;
		return failed(placeOf(''), 'no name says what it is', hint);
	}
	const early = previewMistakes(kind, value['spec'], placeOf);
	if (early.length > 0) return { ...nothingImported, errors: early };
	return readNamed(kind, value, given, placeOf);
}

function readNamed(kind: Kind, value: Fields, given: Names, placeOf: (path: string) => Place): Imported {
	const parent = parentOf[kind];
	const names = ['meshName', nameKey(kind), ...(parent === undefined ? [] : [nameKey(parent)])];
	const nameOf = (key: string): unknown => (key in value ? value[key] : given.get(key));
	const unknown = Object.keys(value).filter((key) => !names.includes(key) && !OTHER_KEYS.includes(key));
	const errors: Mistake[] = [
		...unknown.map((key) =>
			mistake(placeOf(key), `unknown field ${quote(key)}`, `known: ${[...names, ...OTHER_KEYS].join(', ')}`),
		),
		...names.flatMap((key) => wrongName(nameOf(key), key, kind, placeOf)),
	];
	if (errors.length > 0) return { ...nothingImported, errors };
	const mesh = nameOf('meshName');
	return imported({
		...{ kind, placeOf, spec: value['spec'] ?? {} },
		...{ mesh: mesh === undefined ? undefined : String(mesh), name: String(nameOf(nameKey(kind))) },
		parent: parent === undefined ? '' : String(nameOf(nameKey(parent))),
	} satisfies RawResource);
}

/** The mesh's may be missing: it is found out later. */
function wrongName(name: unknown, key: string, kind: Kind, placeOf: (path: string) => Place): Mistake[] {
	if (name === undefined && (key !== 'meshName' || kind === 'mesh')) {
		const hint = `write it, or give it as a parameter: ${key}=VALUE`;
		return [mistake(placeOf(''), `${quote(key)} is missing; the CLI got it by an option`, hint)];
	}
	return name === undefined || typeof name === 'string' ? [] : [mistake(placeOf(key), `${quote(key)} is not a text`)];
}
