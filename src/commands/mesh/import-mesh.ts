import { readFileSync } from 'node:fs';
import { type Given, textOf, usage } from '../../cli/arguments.ts';
import type { CommandContext } from '../../cli/daemon-commands.ts';
import type { Config } from '../../config/schema.ts';
import { Failure } from '../../failure.ts';
import { createCatalog } from '../../mesh/catalog.ts';
import { checkSpec } from '../../mesh/check-spec.ts';
import { type DefinitionFile, importFiles } from '../../mesh/import-files.ts';
import { misfitsOf } from '../../mesh/load-mesh.ts';
import { mistakeLine } from '../../mesh/mistake-line.ts';
import { keyText, type Resource } from '../../mesh/resource.ts';
import { planImport } from '../../store/plan-import.ts';
import type { Entry } from '../../store/store.ts';
import { definitionsAt } from '../read-definitions.ts';
import { applyImport, type Wish } from './apply-import.ts';
import { mayChange } from './ask-to-change.ts';
import { outcomeText, type Planned, planText } from './import-text.ts';
import { readMeshSettings } from './mesh-settings.ts';
import { openPlace } from './open-place.ts';
import { parametersOf, refuse } from './task.ts';

/** `turnout mesh import FILES… --to PLACE`. 2: there is something to change, and nobody has confirmed it. */
export async function importMesh(given: Given, paths: readonly string[], terminal: CommandContext): Promise<number> {
	const place = textOf(given, 'to');
	if (place === undefined || paths.length === 0)
		throw usage('mesh import takes files and folders of definitions, and --to with a folder or an address');
	const settings = await readMeshSettings(given);
	const [parameters, { mesh }] = [parametersOf(given, settings), settings.config];
	const files = await Promise.all(paths.map((path) => filesAt(path, mesh)));
	const wanted = resourcesIn(files.flat(), { paths, parameters });
	const options = { parameters, mesh, env: process.env, signal: terminal.signal };
	using store = await openPlace(place, { ...options, isTarget: true });
	const { entries, errors } = await store.list();
	const plan = planImport(wanted, entries);
	const prunes = given['prune'] === true;
	const wish: Wish = { puts: plan.puts, removed: prunes ? plan.left : [] };
	const warnings = [...errors.map((each) => `${place}: ${mistakeLine(each)}`), ...misfits(wanted, entries, wish)];
	const planned: Planned = { place, plan, prunes, warnings };
	const { out, isJson } = terminal;
	if (!isJson) out(planText(planned));
	const isDone = wish.puts.length + wish.removed.length === 0;
	const mayGoOn = isDone || (await mayChange(given, `Change ${place}?`, terminal));
	const refused = mayGoOn ? await applyImport(store, wish, terminal.signal) : [];
	out(outcomeText(planned, { isApplied: mayGoOn, refused }, isJson));
	if (!mayGoOn) return 2;
	return refused.length === 0 ? 0 : 1;
}

interface From {
	readonly paths: readonly string[];
	readonly parameters: Parameters<typeof importFiles>[1];
}

const filesAt = async (path: string, mesh: Config['mesh']): Promise<readonly DefinitionFile[]> =>
	path === '-' ? [standardInput()] : definitionsAt([path], mesh);

/** Nothing is changed where one of them has a mistake. */
function resourcesIn(files: readonly DefinitionFile[], { paths, parameters }: From): readonly Resource[] {
	const { resources, errors } = importFiles(files, parameters);
	refuse([...errors, ...resources.flatMap(checkSpec)], 'import');
	if (resources.length > 0) return resources;
	throw new Failure('config', `Cannot import ${paths.join(', ')}: no resource is defined there`, 'Name other files');
}

const standardInput = (): DefinitionFile => ({ path: 'standard input', text: readFileSync(0, 'utf8') });

/** What will not fit together afterwards, and did before. */
function misfits(wanted: readonly Resource[], entries: readonly Entry[], { removed }: Wish): string[] {
	const gone = new Set(removed.map(({ resource }) => keyText(resource)));
	const before = entries.map(({ resource }) => resource);
	const after = new Map(
		[...before.filter((each) => !gone.has(keyText(each))), ...wanted].map((each) => [keyText(each), each]),
	);
	const told = new Set(misfitLines(wanted, before));
	return misfitLines(wanted, [...after.values()]).filter((line) => !told.has(line));
}

const misfitLines = (wanted: readonly Resource[], resources: readonly Resource[]): string[] =>
	[...new Set(wanted.map(({ mesh }) => mesh))].flatMap((mesh) => {
		const own = resources.filter((each) => each.mesh === mesh);
		return misfitsOf(createCatalog(mesh, own)).map(mistakeLine);
	});
