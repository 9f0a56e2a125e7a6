import { type Given, usage } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import { loadEnvoyVariables } from '../config/load.ts';
import { bootstrapText } from '../envoy/bootstrap.ts';
import { Failure } from '../failure.ts';
import { readDefinitions } from '../host/files/definitions.ts';
import { escapeControls, quote } from '../lib/escape.ts';
import { canonicalJson, canonicalYaml } from '../mesh/canonical.ts';
import type { Catalog } from '../mesh/catalog.ts';
import { type DefinitionFile, importFiles } from '../mesh/import-files.ts';
import type { Parameters } from '../mesh/importers/importer.ts';
import { type LoadedMesh, loadMesh } from '../mesh/load-mesh.ts';
import { mistakeLine } from '../mesh/mistake-line.ts';
import { type ProxyName, parseProxyName } from '../mesh/proxy-name.ts';
import { type NodeView, resolveNode } from '../mesh/resolve-node.ts';
import type { Mistake } from '../mesh/resource.ts';
import { graphOf } from '../mesh/show/graph.ts';
import { nodeText } from '../mesh/show/node-text.ts';
import { dotOf, mermaidOf } from '../mesh/show/picture.ts';
import { meshTree } from '../mesh/show/tree.ts';
import { parseMeshNode } from '../values/mesh-node.ts';
import { parseNamedValues } from '../values/named-values.ts';
import { type VariableInput, variableOptions } from '../xds/envoy-variables.ts';
import { mergeBootstrap } from '../xds/merge-bootstrap.ts';
import type { RenderOptions } from '../xds/render-options.ts';
import { type Rendered, renderProxy } from '../xds/render-proxy.ts';
import { staticBootstrap } from '../xds/static-bootstrap.ts';
import { variableParts } from '../xds/variable-parts.ts';

/** `turnout mesh check` and its like. They need neither root nor a daemon. */
export async function mesh(
	given: Given,
	[verb = '', path]: readonly string[],
	terminal: CommandContext,
): Promise<number> {
	const run = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
	if (run === undefined) throw usage(`mesh takes ${Object.keys(verbs).join(', ')}, not ${quote(verb)}`);
	const text = String(given['parameters'] ?? '');
	const parameters = parseNamedValues(text);
	if (parameters === undefined)
		throw usage(`--parameters takes NAME=VALUE, several with commas between, not ${quote(text)}`);
	const envoy = verb === 'render' ? await loadEnvoyVariables() : { variables: {}, files: { parts: [] } };
	return run({ files: readDefinitions(path ?? DEFINITIONS), parameters, given, terminal, envoy });
}

const DEFINITIONS = '/etc/turnout/mesh';

/** Where Envoy listens unless the settings say otherwise. */
const OPTIONS = { ingressPort: 15_000, egressPort: 15_001 };

interface Task {
	readonly files: readonly DefinitionFile[];
	readonly parameters: Parameters;
	readonly given: Given;
	readonly terminal: CommandContext;
	/** Envoy's variables, for `render`. */
	readonly envoy: Pick<VariableInput, 'variables' | 'files'>;
}

const verbs: Readonly<Record<string, (task: Task) => number>> = { check, show, render, convert };

function check({ files, parameters, terminal: { out, isJson } }: Task): number {
	const { catalogs, errors, warnings } = loadMesh(files, parameters);
	const isWhole = errors.length === 0;
	if (isJson) out(`${JSON.stringify({ ok: isWhole, errors, warnings })}\n`);
	else {
		const told = [...warnings.map((each) => `warning: ${mistakeText(each)}`), ...errors.map(mistakeText)];
		out([...told, summaryOf(catalogs, errors)].join(''));
	}
	return isWhole ? 0 : 1;
}

const mistakeText = (mistake: Mistake): string => `${escapeControls(mistakeLine(mistake)).replaceAll('\n', '\\n')}\n`;

function summaryOf(catalogs: readonly Catalog[], errors: readonly Mistake[]): string {
	if (errors.length > 0) return `${errors.length} ${errors.length === 1 ? 'mistake' : 'mistakes'}\n`;
	const nodes = catalogs.reduce((sum, { all }) => sum + all('virtualNode').length, 0);
	return `No mistakes: ${catalogs.map(({ mesh: name }) => name).join(', ')}, ${nodes} virtual nodes\n`;
}

function show(task: Task): number {
	const { given, terminal } = task;
	const { catalogs } = faultless(task, 'show');
	const node = given['node'];
	if (terminal.isJson) terminal.out(`${JSON.stringify(graphOf(catalogs))}\n`);
	else if (given['dot'] === true) terminal.out(dotOf(graphOf(catalogs)));
	else if (given['mermaid'] === true) terminal.out(mermaidOf(graphOf(catalogs)));
	else terminal.out(node === undefined ? catalogs.map(meshTree).join('\n') : nodeText(viewOf(catalogs, String(node))));
	return 0;
}

function render(task: Task): number {
	const { catalogs } = faultless(task, 'render');
	const { variables, files } = task.envoy;
	const options = { ...OPTIONS, ...variableOptions(variables) };
	const { id, snapshot, errors } = renderedOf(catalogs, String(task.given['node'] ?? ''), options);
	refuse(errors, 'render');
	const cluster = variables['APPMESH_RESOURCE_CLUSTER'] ?? id;
	const parts = variableParts({ variables, files, node: parseMeshNode(id), cluster });
	task.terminal.out(bootstrapText(mergeBootstrap(staticBootstrap(snapshot, { id, cluster }), parts)));
	return 0;
}

/** Also of a part of a mesh, whose references lead to what is elsewhere. */
function convert({ files, parameters, terminal: { out, isJson } }: Task): number {
	const { resources, errors } = importFiles(files, parameters);
	refuse(errors, 'convert');
	out(isJson ? canonicalJson(resources) : canonicalYaml(resources));
	return 0;
}

function faultless({ files, parameters }: Task, verb: string): LoadedMesh {
	const loaded = loadMesh(files, parameters);
	refuse(loaded.errors, verb);
	return loaded;
}

function refuse(errors: readonly Mistake[], verb: string): void {
	if (errors.length === 0) return;
	const text = errors.map(mistakeText).join('').trimEnd();
	throw new Failure('config', `Cannot ${verb}: ${text}`, 'See `turnout mesh check`');
}

function renderedOf(catalogs: readonly Catalog[], given: string, options: RenderOptions): Rendered {
	const wanted = parseProxyName(given);
	const found = among(catalogs, wanted).flatMap((catalog) => renderProxy(catalog, wanted, options) ?? []);
	return found[0] ?? unknownProxy(wanted, catalogs, 'render');
}

function viewOf(catalogs: readonly Catalog[], given: string): NodeView {
	const wanted = parseProxyName(given);
	const found = among(catalogs, wanted).flatMap((catalog) => resolveNode(catalog, wanted.name) ?? []);
	return found[0] ?? unknownProxy(wanted, catalogs, 'show');
}

const among = (catalogs: readonly Catalog[], { mesh: wanted }: ProxyName): readonly Catalog[] =>
	catalogs.filter(({ mesh: name }) => wanted === undefined || wanted === name);

function unknownProxy({ kind, name }: ProxyName, catalogs: readonly Catalog[], verb: string): never {
	const known = catalogs.flatMap(({ all }) => all(kind).map((resource) => resource.name));
	const what = kind === 'virtualNode' ? 'virtual node' : 'virtual gateway';
	throw new Failure(
		'config',
		`Cannot ${verb} ${what} ${quote(name)}: there is none of this name`,
		`Known: ${known.join(', ')}`,
	);
}
