import { type Given, usage } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import { Failure } from '../failure.ts';
import { readDefinitions } from '../host/files/definitions.ts';
import { quote } from '../lib/escape.ts';
import type { Catalog } from '../mesh/catalog.ts';
import { type LoadedMesh, loadMesh } from '../mesh/load-mesh.ts';
import { type ProxyName, parseProxyName } from '../mesh/proxy-name.ts';
import type { Mistake } from '../mesh/resource.ts';
import { renderProxy } from '../xds/render-proxy.ts';
import { staticBootstrap } from '../xds/static-bootstrap.ts';

/** `turnout mesh check` and `turnout mesh render`. They need neither root nor a daemon. */
export async function mesh(given: Given, [verb, path]: readonly string[], terminal: CommandContext): Promise<number> {
	if (verb !== 'check' && verb !== 'render') throw usage(`mesh takes check or render, not ${quote(verb ?? '')}`);
	const loaded = loadMesh(readDefinitions(path ?? DEFINITIONS));
	return verb === 'check' ? check(loaded, terminal) : render(loaded, String(given['node'] ?? ''), terminal);
}

const DEFINITIONS = '/etc/turnout/mesh';

/** Where Envoy listens unless the settings say otherwise. */
const OPTIONS = { ingressPort: 15_000, egressPort: 15_001 };

function check({ catalogs, errors, warnings }: LoadedMesh, { out, isJson }: CommandContext): number {
	const isWhole = errors.length === 0;
	if (isJson) out(`${JSON.stringify({ ok: isWhole, errors, warnings })}\n`);
	else {
		const told = [...errors.map(mistakeText), ...warnings.map((each) => `warning: ${mistakeText(each)}`)];
		out([...told, summaryOf(catalogs, errors)].join(''));
	}
	return isWhole ? 0 : 1;
}

const mistakeText = ({ file, line, path, why, hint }: Mistake): string =>
	`${file}:${line}: ${path === '' ? '' : `${path}: `}${why}${hint === '' ? '' : `; ${hint}`}\n`;

function summaryOf(catalogs: readonly Catalog[], errors: readonly Mistake[]): string {
	if (errors.length > 0) return `${errors.length} ${errors.length === 1 ? 'mistake' : 'mistakes'}\n`;
	const nodes = catalogs.reduce((sum, { all }) => sum + all('virtualNode').length, 0);
	return `No mistakes: ${catalogs.map(({ mesh: name }) => name).join(', ')}, ${nodes} virtual nodes\n`;
}

function render({ catalogs, errors }: LoadedMesh, given: string, { out }: CommandContext): number {
	refuse(errors);
	const wanted = parseProxyName(given);
	const among = catalogs.filter(({ mesh: name }) => wanted.mesh === undefined || wanted.mesh === name);
	const found = among.flatMap((catalog) => renderProxy(catalog, wanted, OPTIONS) ?? []).at(0);
	if (found === undefined) throw unknownProxy(wanted, catalogs);
	refuse(found.errors);
	out(`${JSON.stringify(staticBootstrap(found.snapshot, { id: found.id, cluster: found.id }), null, '\t')}\n`);
	return 0;
}

function refuse(errors: readonly Mistake[]): void {
	if (errors.length === 0) return;
	throw new Failure(
		'config',
		`Cannot render: ${errors.map(mistakeText).join('')}`.trimEnd(),
		'See `turnout mesh check`',
	);
}

function unknownProxy({ kind, name }: ProxyName, catalogs: readonly Catalog[]): Failure {
	const known = catalogs.flatMap(({ all }) => all(kind).map((resource) => resource.name));
	const what = kind === 'virtualNode' ? 'virtual node' : 'virtual gateway';
	return new Failure(
		'config',
		`Cannot render ${what} ${quote(name)}: there is none of this name`,
		`Known: ${known.join(', ')}`,
	);
}
