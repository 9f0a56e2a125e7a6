import { type Given, textOf, usage } from '../../cli/arguments.ts';
import type { CommandContext } from '../../cli/daemon-commands.ts';
import { Failure } from '../../failure.ts';
import { openDefinitionFolder } from '../../host/files/definition-folder.ts';
import { quote } from '../../lib/escape.ts';
import { namesIn } from '../../lib/fs.ts';
import { canonicalJson, canonicalResource, canonicalYaml, jsonText } from '../../mesh/canonical.ts';
import type { Resource } from '../../mesh/resource.ts';
import { definitionPath } from '../../store/definition-path.ts';
import { definitionText } from '../../store/definition-text.ts';
import type { Entry } from '../../store/store.ts';
import { readMeshSettings } from './mesh-settings.ts';
import { openPlace } from './open-place.ts';
import { parametersOf, refuse } from './task.ts';

interface Form {
	readonly all: (resources: readonly Resource[]) => string;
	/** A file of its own for each. */
	readonly one: (entry: Entry) => string;
	readonly ending: '.yaml' | '.json';
}

const forms: Readonly<Record<string, Form>> = {
	/** In files also with tags, uid, version and times: what turnout control serves. */
	yaml: { all: canonicalYaml, one: (entry) => definitionText(entry, false), ending: '.yaml' },
	/** What `aws appmesh create-… --cli-input-json` takes. */
	'cli-json': { all: canonicalJson, one: ({ resource }) => jsonText(canonicalResource(resource)), ending: '.json' },
};

/** `turnout mesh export`: all that is in a folder or behind an address, as text or as a folder of files. */
export async function exportMesh(
	given: Given,
	[surplus]: readonly string[],
	terminal: CommandContext,
): Promise<number> {
	if (surplus !== undefined) throw usage(`unexpected argument ${quote(surplus)}; mesh export takes --from`);
	const as = textOf(given, 'as') ?? 'yaml';
	const form = Object.hasOwn(forms, as) ? forms[as] : undefined;
	if (form === undefined) throw usage(`--as takes ${Object.keys(forms).join(' or ')}, not ${quote(as)}`);
	const settings = await readMeshSettings(given);
	const [only, ...more] = settings.config.mesh.definitions;
	const place = textOf(given, 'from') ?? (more.length === 0 ? only : undefined);
	if (place === undefined) throw usage('name what is to be exported: --from FOLDER, or an address');
	const { mesh } = settings.config;
	const options = { parameters: parametersOf(given, settings), mesh, env: process.env, signal: terminal.signal };
	using store = await openPlace(place, { ...options, isTarget: false });
	const { entries, errors } = await store.list();
	refuse(errors, 'export');
	const to = textOf(given, 'to') ?? '-';
	if (to === '-') terminal.out(form.all(entries.map(({ resource }) => resource)));
	else await writeFolder(to, form, entries);
	return 0;
}

async function writeFolder(path: string, { one, ending }: Form, entries: readonly Entry[]): Promise<void> {
	if (namesIn(path).length > 0)
		throw new Failure(
			'config',
			`Cannot export to ${path}: there is something in it`,
			'Name a new folder; turnout mesh import changes one that is in use',
		);
	const folder = openDefinitionFolder(path, () => undefined);
	for (const entry of entries) {
		const file = definitionPath(entry.resource).replace(/\.yaml$/, ending);
		await folder.write(`${folder.root}/${file}`, one(entry), { text: undefined, generation: '' });
	}
}
