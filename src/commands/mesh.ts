import { type Given, usage } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import { quote } from '../lib/escape.ts';
import { checkMesh } from './mesh/check-mesh.ts';
import { convertMesh } from './mesh/convert-mesh.ts';
import { diffMesh } from './mesh/diff-mesh.ts';
import { renderMesh } from './mesh/render-mesh.ts';
import { renderRemote } from './mesh/render-remote.ts';
import { showMesh } from './mesh/show-mesh.ts';
import { readTask, type Task } from './mesh/task.ts';

/** `turnout mesh check` and its like. They need neither root nor a daemon. */
export async function mesh(
	given: Given,
	[verb = '', ...paths]: readonly string[],
	terminal: CommandContext,
): Promise<number> {
	const move = Object.hasOwn(moves, verb) ? moves[verb] : undefined;
	if (move !== undefined) return (await move())(given, paths, terminal);
	const run = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
	const known = [...Object.keys(verbs), ...Object.keys(moves)].join(', ');
	if (run === undefined) throw usage(`mesh takes ${known}, not ${quote(verb)}`);
	const [path, surplus] = paths;
	if (surplus !== undefined) throw usage(`unexpected argument ${quote(surplus)}`);
	if (verb === 'render' && given['ads'] !== undefined) return renderRemote(given, terminal);
	return run(await readTask(given, path, terminal));
}

const verbs: Readonly<Record<string, (task: Task) => number | Promise<number>>> = {
	...{ check: checkMesh, show: showMesh, render: renderMesh, convert: convertMesh, diff: diffMesh },
};

type Move = (given: Given, paths: readonly string[], terminal: CommandContext) => Promise<number>;

/** Between files, folders and what has an address; with what that needs. */
const moves: Readonly<Record<string, () => Promise<Move>>> = {
	import: async () => (await import('./mesh/import-mesh.ts')).importMesh,
	export: async () => (await import('./mesh/export-mesh.ts')).exportMesh,
};
