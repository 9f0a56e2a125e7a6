import { type Given, usage } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import { Failure } from '../failure.ts';
import { readDefinitions } from '../host/files/definitions.ts';
import { quote } from '../lib/escape.ts';
import type { Catalog } from '../mesh/catalog.ts';
import { type LoadedMesh, loadMesh } from '../mesh/load-mesh.ts';
import { resolveNode } from '../mesh/resolve-node.ts';
import type { Mistake } from '../mesh/resource.ts';
import { renderNode } from '../xds/render-node.ts';
import { staticBootstrap } from '../xds/static-bootstrap.ts';

/** `turnout mesh check` and `turnout mesh render`. They need neither root nor a daemon. */
export async function mesh(given: Given, [verb, path]: readonly string[], terminal: CommandContext): Promise<number> {
	if (verb !== 'check' && verb !== 'render') throw usage(`mesh takes check or render, not ${quote(verb ?? '')}`);
	const loaded = loadMesh(readDefinitions(path ?? DEFINITIONS));
	return verb === 'check' ? check(loaded, terminal) : render(loaded, String(given['node'] ?? ''), terminal);
}

const DEFINITIONS = '/etc/turnout/mesh';

/** Where Envoy listens unless the settings say otherwise. */
const PORTS = { ingressPort: 15_000, egressPort: 15_001 };

function check({ catalogs, errors, warnings }: LoadedMesh, { out, isJson }: CommandContext): number {
	const isWhole = errors.length === 0;
	if (isJson) out(`${JSON.stringify({ ok: isWhole, errors, warnings })}\n`);
	else out([...errors.map((each) => mistakeText(each)), summaryOf(catalogs, errors)].join(''));
	return isWhole ? 0 : 1;
}

const mistakeText = ({ file, line, path, why, hint }: Mistake): string =>
	`${file}:${line}: ${path === '' ? '' : `${path}: `}${why}${hint === '' ? '' : `; ${hint}`}\n`;

function summaryOf(catalogs: readonly Catalog[], errors: readonly Mistake[]): string {
	if (errors.length > 0) return `${errors.length} ${errors.length === 1 ? 'mistake' : 'mistakes'}\n`;
	const nodes = catalogs.reduce((sum, { all }) => sum + all('virtualNode').length, 0);
	return `No mistakes: ${catalogs.map(({ mesh: name }) => name).join(', ')}, ${nodes} virtual nodes\n`;
}

function render({ catalogs, errors }: LoadedMesh, name: string, { out }: CommandContext): number {
	if (errors.length > 0)
		throw new Failure(
			'config',
			`Cannot render: ${errors.map(mistakeText).join('')}`.trimEnd(),
			'See `turnout mesh check`',
		);
	const view = catalogs.flatMap((catalog) => resolveNode(catalog, name) ?? []).at(0);
	if (view === undefined) throw unknownNode(name, catalogs);
	const id = `mesh/${view.mesh}/virtualNode/${name}`;
	out(`${JSON.stringify(staticBootstrap(renderNode(view, PORTS), { id, cluster: id }), null, '\t')}\n`);
	return 0;
}

function unknownNode(name: string, catalogs: readonly Catalog[]): Failure {
	const known = catalogs.flatMap(({ all }) => all('virtualNode').map((node) => node.name));
	return new Failure(
		'config',
		`Cannot render virtual node ${quote(name)}: there is none of this name`,
		`Known: ${known.join(', ')}`,
	);
}
