import { type Given, usage } from '../../cli/arguments.ts';
import type { CommandContext } from '../../cli/daemon-commands.ts';
import { Failure } from '../../failure.ts';
import { lineOf, quote } from '../../lib/escape.ts';
import type { Catalog } from '../../mesh/catalog.ts';
import { mistakesFor } from '../../mesh/held-up.ts';
import type { Parameters } from '../../mesh/importers/importer.ts';
import { type DefinitionFile, type LoadedMesh, loadMesh } from '../../mesh/load-mesh.ts';
import { mistakeLine } from '../../mesh/mistake-line.ts';
import type { ProxyName } from '../../mesh/proxy-name.ts';
import type { Mistake } from '../../mesh/resource.ts';
import { parseNamedValues } from '../../values/named-values.ts';
import { definitionsAt } from '../read-definitions.ts';
import { type MeshSettings, readMeshSettings } from './mesh-settings.ts';

/** What a command about definitions is given: the definitions, and what else its answer depends on. */
export interface Task {
	/** Undefined: those of the settings. */
	readonly path: string | undefined;
	readonly files: readonly DefinitionFile[];
	readonly parameters: Parameters;
	readonly settings: MeshSettings;
	readonly given: Given;
	readonly terminal: CommandContext;
}

export async function readTask(given: Given, path: string | undefined, terminal: CommandContext): Promise<Task> {
	const settings = await readMeshSettings(given);
	const { definitions } = settings.config.mesh;
	return {
		...{ path, settings, given, terminal },
		parameters: parametersOf(given, settings),
		files: await definitionsAt(path === undefined ? definitions : [path], settings.config.mesh),
	};
}

export const parametersOf = (given: Given, { config }: MeshSettings): Parameters =>
	parametersGiven(given) ?? new Map(config.mesh.parameters);

export function parametersGiven({ parameters: text }: Given): Parameters | undefined {
	if (typeof text !== 'string') return undefined;
	try {
		return new Map(parseNamedValues(text));
	} catch (cause) {
		const why = cause instanceof Error ? cause.message : String(cause);
		throw usage(`--parameters takes NAME=VALUE, several with commas between: ${why}`);
	}
}

/** Throws a Failure that tells all mistakes. */
export function faultless({ files, parameters }: Pick<Task, 'files' | 'parameters'>, verb: string): LoadedMesh {
	const loaded = loadMesh(files, parameters);
	refuse(loaded.errors, verb);
	return loaded;
}

/** The same of what holds up one node or gateway. The mistakes of others are theirs. */
export function catalogsFor(
	{ files, parameters }: Pick<Task, 'files' | 'parameters'>,
	wanted: ProxyName,
	verb: string,
): readonly Catalog[] {
	const loaded = loadMesh(files, parameters);
	const own = loaded.catalogs.filter(
		({ mesh, get }) => (wanted.mesh ?? mesh) === mesh && get(wanted.kind, wanted.name) !== undefined,
	);
	const mistakes = own.flatMap(({ mesh }) => mistakesFor(loaded, { ...wanted, mesh }));
	// One that is not there may be missing for a mistake.
	refuse(own.length === 0 ? loaded.errors : mistakes, verb);
	return loaded.catalogs;
}

export function refuse(errors: readonly Mistake[], verb: string): void {
	if (errors.length === 0) return;
	const text = errors.map(mistakeText).join('').trimEnd();
	throw new Failure('config', `Cannot ${verb}: ${text}`, 'See `turnout mesh check`');
}

export const mistakeText = (mistake: Mistake): string => lineOf(mistakeLine(mistake));

/** What `of` finds for a node or gateway in the first mesh that has it. */
export function inMesh<T>(
	catalogs: readonly Catalog[],
	wanted: ProxyName,
	verb: string,
	of: (catalog: Catalog) => T | undefined,
): T {
	const among = catalogs.filter(({ mesh }) => wanted.mesh === undefined || wanted.mesh === mesh);
	return among.flatMap((catalog) => of(catalog) ?? [])[0] ?? unknownProxy(wanted, catalogs, verb);
}

function unknownProxy({ kind, name }: ProxyName, catalogs: readonly Catalog[], verb: string): never {
	const known = catalogs.flatMap(({ all }) => all(kind).map((resource) => resource.name));
	const what = kind === 'virtualNode' ? 'virtual node' : 'virtual gateway';
	throw new Failure(
		'config',
		`Cannot ${verb} ${what} ${quote(name)}: there is none of this name`,
		`Known: ${known.join(', ')}`,
	);
}
