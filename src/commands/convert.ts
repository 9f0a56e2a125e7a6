import { readFileSync } from 'node:fs';
import { type Given, usage } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import { type MeshedTask, parseTaskDefinition } from '../config/proxy-configuration.ts';
import { Failure } from '../failure.ts';
import { attempt } from '../lib/attempt.ts';
import { escapeControls, quote } from '../lib/escape.ts';
import { describeFsError } from '../lib/fs.ts';
import { convertTask } from './convert/convert-task.ts';

/** `turnout convert task-definition FILE`: what AWS's agent and control plane did for it, turnout's container does. */
export async function convert(given: Given, [what, path]: readonly string[], { out }: CommandContext): Promise<number> {
	if (what !== 'task-definition' || path === undefined) throw usage('convert takes: task-definition FILE');
	const { image = 'turnout' } = given;
	const { task, notices } = convertTask(readTask(path), String(image));
	out(`${JSON.stringify(task, undefined, 2)}\n`);
	for (const notice of notices) process.stderr.write(escapeControls(`${notice}\n`));
	return 0;
}

/** Throws one Failure with all mistakes. */
export function readTask(path: string): MeshedTask {
	const parsed = attempt(() => parseTaskDefinition(readFileSync(path, 'utf8'), path));
	if ('error' in parsed) throw unreadable(path, parsed.error);
	const { mistakes } = parsed.value.settings;
	if (mistakes.length > 0)
		throw new Failure('config', `Cannot use the task definition: ${mistakes.join('; ')}`, REMEDY);
	return parsed.value;
}

const REMEDY = 'Correct it, and see docs/pods-and-tasks.md, "ECS"';

function unreadable(path: string, error: unknown): Failure {
	const { code, message } = error as NodeJS.ErrnoException;
	const why =
		error instanceof SyntaxError ? `it is no JSON: ${message}` : code === undefined ? message : describeFsError(error);
	return new Failure('config', `Cannot read the task definition ${quote(path)}: ${why}`, REMEDY, error);
}
