// biome-ignore-all lint/suspicious/noTemplateCurlyInString: people write such templates
import { createHash } from 'node:crypto';
import { Failure } from '../failure.ts';
import { quote } from '../lib/escape.ts';
import { memoize } from '../lib/memoize.ts';
import { createMutex } from '../lib/mutex.ts';
import { isRecord } from '../mesh/check-shape.ts';
import { hasTemplate } from '../mesh/fill-templates.ts';
import { createFilesImporter, type DefinitionFile, importers } from '../mesh/import-files.ts';
import type { Parameters } from '../mesh/importers/importer.ts';
import { mistakeLine } from '../mesh/mistake-line.ts';
import { parseFile } from '../mesh/parse-file.ts';
import { keyText, type Resource } from '../mesh/resource.ts';
import { definitionPath } from './definition-path.ts';
import { definitionText, madeUp, readBeside } from './definition-text.ts';
import {
	type Entry,
	isSameKey,
	type Key,
	type Listing,
	type Outcome,
	type Store,
	type StoredResource,
} from './store.ts';

/** A folder of files, and those below it. Paths are absolute. */
export interface Folder {
	readonly root: string;
	/** All that may be definitions. */
	readonly read: () => readonly FolderFile[];
	/**
	 * As a whole or not at all; it is on the disk when this resolves. False: the file has not, or no longer, the text
	 * `former` (undefined: it is not there), and is left as it is.
	 */
	readonly write: (path: string, text: string, former: string | undefined) => Promise<boolean>;
	readonly remove: (path: string) => Promise<void>;
	readonly watch: (onChange: () => void, signal: AbortSignal) => void;
}

export interface FolderFile extends DefinitionFile {
	/** When it was changed last, in milliseconds since 1970. */
	readonly changedMs: number;
	readonly isLink: boolean;
}

/**
 * The folder of definitions that hosts read and people edit. What the API makes gets a file of its own, which people may
 * edit as well; what stands together with others, or in another format, can be read here and not be changed.
 */
export function createFolderStore(folder: Folder, parameters: Parameters): Store {
	const list = createReader(folder, parameters);
	const inTurn = createMutex();
	const current = (key: Key) => list().entries.find(({ resource }) => isSameKey(resource, key));
	const put = async (stored: StoredResource, ifRevision: string | undefined): Promise<Outcome> => {
		const found = current(stored.resource);
		if (found?.revision !== ifRevision) return 'outdated';
		if (found?.fixed !== undefined) return { fixed: found.fixed };
		const path = found?.file.path ?? `${folder.root}/${definitionPath(stored.resource)}`;
		const text = definitionText(stored, path.endsWith('.json'));
		if (await folder.write(path, text, found?.file.text)) return 'done';
		if (found === undefined && current(stored.resource) === undefined) throw occupied(path, stored.resource);
		return 'outdated';
	};
	const remove = async (key: Key, ifRevision: string): Promise<Outcome> => {
		const found = current(key);
		if (found?.revision !== ifRevision) return 'outdated';
		if (found.fixed !== undefined) return { fixed: found.fixed };
		await folder.remove(found.file.path);
		return 'done';
	};
	return {
		list: async () => list(),
		get: async (key) => current(key),
		put: (stored, ifRevision) => inTurn(() => put(stored, ifRevision)),
		remove: (key, ifRevision) => inTurn(() => remove(key, ifRevision)),
		watch: folder.watch,
	};
}

interface FileEntry extends Entry {
	readonly file: FolderFile;
}

/** It may be the resource's own file, with a mistake in it. */
const occupied = (path: string, { kind, name }: Key): Failure =>
	new Failure(
		'config',
		`Cannot write ${path}: the file is there, and does not define ${kind} ${quote(name)}`,
		'Correct it, or move it away: turnout mesh check says what is wrong with it',
	);

interface FileListing extends Listing {
	readonly entries: readonly FileEntry[];
}

/** Reads all files each time, as their times do not tell every change, and computes nothing twice. */
function createReader(folder: Folder, parameters: Parameters): () => FileListing {
	const importFiles = createFilesImporter(parameters);
	const soleOf = memoize((file: FolderFile) => soleDefinition(file, parameters));
	let last: readonly FolderFile[] = [];
	let listing: FileListing = { entries: [], errors: [] };
	return () => {
		const former = new Map(last.map((file) => [file.path, file]));
		const files = folder.read().map((file) => sameAs(former.get(file.path), file));
		if (files.length === last.length && files.every((file, at) => file === last[at])) return listing;
		last = files;
		const { resources, errors } = importFiles(files);
		listing = { entries: entriesOf(files, resources, soleOf), errors };
		return listing;
	};
}

function entriesOf(
	files: readonly FolderFile[],
	resources: readonly Resource[],
	soleOf: (file: FolderFile) => Definition | undefined,
): FileEntry[] {
	const byPath = new Map(files.map((file) => [file.path, file]));
	const alike = Map.groupBy(resources, keyText);
	const perFile = Map.groupBy(resources, ({ placeOf }) => placeOf('').file);
	return [...perFile].flatMap(([path, own]) => {
		const file = byPath.get(path);
		if (file === undefined) return [];
		const definition = own.length === 1 ? soleOf(file) : undefined;
		return own.map((resource) => entryOf(alike.get(keyText(resource)) ?? [resource], resource, { file, definition }));
	});
}

const sameAs = (former: FolderFile | undefined, file: FolderFile): FolderFile =>
	former !== undefined &&
	former.text === file.text &&
	former.changedMs === file.changedMs &&
	former.isLink === file.isLink
		? former
		: file;

interface Definition {
	readonly fields: Readonly<Record<string, unknown>>;
	/** What would be lost if the file was written anew. */
	readonly loss: string | undefined;
}

/** What a file holds that has one resource as the API's own JSON has it, or what `describe` prints of it. */
function soleDefinition({ text, path }: FolderFile, parameters: Parameters): Definition | undefined {
	const {
		documents: [document, ...others],
		errors: [error],
	} = parseFile(text, path);
	if (document === undefined || others.length > 0 || !isRecord(document.value)) return undefined;
	const importer = importers.find(({ recognises }) => recognises(document.value));
	if (importer?.format !== 'CLI JSON') return undefined;
	const [inner, ...more] = Object.values(document.value);
	const fields = more.length === 0 && isRecord(inner) && 'spec' in inner ? inner : document.value;
	// These are not filled in.
	const { tags: _, metadata: __, ...filled } = fields;
	if (error !== undefined) return { fields, loss: `what else is in its file cannot be read (${mistakeLine(error)})` };
	return { fields, loss: hasTemplate(filled, parameters) ? 'it has templates, such as ${NAME}' : undefined };
}

interface Stood {
	readonly file: FolderFile;
	/** Undefined: it stands with others, or in another format. */
	readonly definition: Definition | undefined;
}

/** `alike`: all of this name, itself included. */
function entryOf(alike: readonly Resource[], resource: Resource, { file, definition }: Stood): FileEntry {
	const beside =
		definition === undefined
			? { tags: [], metadata: madeUp(resource, file.changedMs) }
			: readBeside(definition.fields, resource, file.changedMs);
	return {
		...{ resource, file, revision: revisionOf(file.text) },
		...beside,
		fixed: alike.length > 1 ? fixedByTwins(alike) : fixedBy(resource, { file, definition }),
	};
}

const revisionOf = (text: string): string => createHash('sha256').update(text).digest('base64url');

const shownPlace = ({ placeOf }: Resource): string => `${placeOf('').file}:${placeOf('').line}`;

const fixedByTwins = (alike: readonly Resource[]): string =>
	`it is defined more than once, at ${alike.map(shownPlace).join(' and at ')}: leave one of them`;

function fixedBy(resource: Resource, { file, definition }: Stood): string | undefined {
	const at = shownPlace(resource);
	if (definition === undefined)
		return `it is defined at ${at}, together with others or in another format: change it there, or split that into a file for each resource (turnout mesh convert)`;
	if (definition.loss !== undefined) return `it is defined at ${at}, and ${definition.loss}: change it there`;
	return file.isLink ? `it is defined in ${file.path}, which is a link: change it where that leads` : undefined;
}
