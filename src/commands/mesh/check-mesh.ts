import type { Catalog } from '../../mesh/catalog.ts';
import { loadMesh } from '../../mesh/load-mesh.ts';
import type { Mistake } from '../../mesh/resource.ts';
import { mistakeText, type Task } from './task.ts';

export async function checkMesh(task: Task): Promise<number> {
	const { files, parameters, terminal } = task;
	const { catalogs, errors, warnings } = loadMesh(files, parameters);
	const isWhole = errors.length === 0;
	const note = noteOf(task, isWhole);
	if (terminal.isJson) terminal.out(`${JSON.stringify({ ok: isWhole, errors, warnings, ...note })}\n`);
	else {
		const told = [...warnings.map((each) => `warning: ${mistakeText(each)}`), ...errors.map(mistakeText)];
		const start = Object.values(note).map((text) => `note: ${text}\n`);
		terminal.out([...start, ...told, summaryOf(catalogs, errors)].join(''));
	}
	return isWhole ? 0 : 1;
}

/** Without the settings there are no parameters, which may be all that is missing; and they say where the definitions are. */
const noteOf = ({ settings, path }: Task, isWhole: boolean): { readonly note?: string } =>
	settings.trouble === '' || (path !== undefined && isWhole)
		? {}
		: { note: `the settings were not read, so that the defaults count: ${settings.trouble}` };

function summaryOf(catalogs: readonly Catalog[], errors: readonly Mistake[]): string {
	if (errors.length > 0) return `${errors.length} ${errors.length === 1 ? 'mistake' : 'mistakes'}\n`;
	const nodes = catalogs.reduce((sum, { all }) => sum + all('virtualNode').length, 0);
	return `No mistakes: ${catalogs.map(({ mesh: name }) => name).join(', ')}, ${nodes} virtual nodes\n`;
}
