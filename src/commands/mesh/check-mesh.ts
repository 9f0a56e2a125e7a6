import type { Validation } from '../../host/envoy/validate-bootstraps.ts';
import { escapeControls, lineOf } from '../../lib/escape.ts';
import type { Catalog } from '../../mesh/catalog.ts';
import { heldUp } from '../../mesh/held-up.ts';
import { loadMesh } from '../../mesh/load-mesh.ts';
import { missingBackends } from '../../mesh/references.ts';
import type { Mistake } from '../../mesh/resource.ts';
import { warningsOf } from '../../mesh/warnings.ts';
import { nodeId } from '../../values/mesh-node.ts';
import { askEnvoy } from './ask-envoy.ts';
import { checkHost } from './host-checks.ts';
import { mistakeText, type Task } from './task.ts';

export async function checkMesh(task: Task): Promise<number> {
	const { files, parameters, terminal, given } = task;
	const all = loadMesh(files, parameters);
	const { catalogs, ...loaded } = all;
	const isRead = loaded.errors.length === 0;
	const here = isRead ? await checkHost(task, catalogs) : { ...loaded, names: [] };
	const found: Findings = {
		errors: isRead ? here.errors : loaded.errors,
		...(isRead ? {} : { heldUp: heldUp(all).map(nodeId) }),
		warnings: isRead
			? [...loaded.warnings, ...catalogs.flatMap(warningsOf), ...here.warnings, ...here.names]
			: [...loaded.warnings, ...catalogs.flatMap(missingBackends)],
		...noteOf(task, isRead),
		...(isRead && given['envoy'] === true ? { envoy: await askEnvoy(task, catalogs) } : {}),
	};
	const ok = found.errors.length === 0 && rejectedIn(found).length === 0;
	terminal.out(terminal.isJson ? `${JSON.stringify({ ok, ...found })}\n` : findingsText(found, catalogs));
	return ok ? 0 : 1;
}

interface Findings {
	readonly errors: readonly Mistake[];
	/** Who keeps what it has for these mistakes, as far as is known; all others follow the definitions. */
	readonly heldUp?: readonly string[];
	readonly warnings: readonly Mistake[];
	readonly note?: string;
	/** Only if asked for. */
	readonly envoy?: readonly Validation[];
}

/** Without the settings there are no parameters, which may be all that is missing; and they say where the definitions are. */
const noteOf = ({ settings, path }: Task, isRead: boolean): Pick<Findings, 'note'> =>
	settings.trouble === '' || (path !== undefined && isRead)
		? {}
		: { note: `the settings were not read, so that the defaults count: ${settings.trouble}` };

const rejectedIn = ({ envoy = [] }: Findings): readonly Validation[] => envoy.filter(({ problem }) => problem !== '');

function findingsText(found: Findings, catalogs: readonly Catalog[]): string {
	const { errors, warnings, note } = found;
	return [
		...(note === undefined ? [] : [`note: ${note}\n`]),
		...warnings.map((each) => `warning: ${mistakeText(each)}`),
		...errors.map(mistakeText),
		...rejectedIn(found).map(({ node, problem }) => escapeControls(`${node}: Envoy rejects it: ${problem}\n`)),
		heldUpText(found),
		summaryOf(found, catalogs),
	].join('');
}

/** In lines that nobody has to scroll. */
const MOST_NAMED = 10;

function heldUpText({ heldUp: held = [] }: Findings): string {
	if (held.length === 0) return '';
	const more = held.length > MOST_NAMED ? ` and ${held.length - MOST_NAMED} more` : '';
	return lineOf(`Held up, with what they have: ${held.slice(0, MOST_NAMED).join(', ')}${more}`);
}

function summaryOf(found: Findings, catalogs: readonly Catalog[]): string {
	const count = found.errors.length + rejectedIn(found).length;
	if (count > 0) return `${count} ${count === 1 ? 'mistake' : 'mistakes'}\n`;
	const nodes = catalogs.reduce((sum, { all }) => sum + all('virtualNode').length, 0);
	const taken = found.envoy === undefined ? '' : `; Envoy takes all ${found.envoy.length} configurations`;
	return `No mistakes: ${catalogs.map(({ mesh: name }) => name).join(', ')}, ${nodes} virtual nodes${taken}\n`;
}
