import { readFileSync } from 'node:fs';
import { type Given, usage } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import { type MeshedTask, parseTaskDefinition } from '../config/proxy-configuration.ts';
import { Failure } from '../failure.ts';
import { attempt } from '../lib/attempt.ts';
import { escapeControls, quote } from '../lib/escape.ts';
import { describeFsError } from '../lib/fs.ts';
import { convertTask } from './convert/convert-task.ts';

/** `turnout convert`: what AWS's agents, control plane and injectors did, turnout's container does. */
export async function convert(
	given: Given,
	[what = '', path]: readonly string[],
	{ out }: CommandContext,
): Promise<number> {
	const converter = Object.hasOwn(converters, what) ? converters[what] : undefined;
	if (converter === undefined || path === undefined) throw usage('convert takes: task-definition FILE, or pod FILE');
	const { text, notices } = await converter(path, given);
	out(text);
	for (const notice of notices) process.stderr.write(escapeControls(`${notice}\n`));
	return 0;
}

interface Converted {
	readonly text: string;
	/** What is to be known about it. */
	readonly notices: readonly string[];
}

const converters: Readonly<Record<string, (path: string, given: Given) => Converted | Promise<Converted>>> = {
	'task-definition': (path, { image = 'turnout' }) => {
		const { task, notices } = convertTask(readTask(path), String(image));
		return { text: `${JSON.stringify(task, undefined, 2)}\n`, notices };
	},
	pod: async (path, given) => {
		const [{ convertPods }, { definitionsGiven, podOptions }] = await Promise.all([
			import('./pods/convert-pods.ts'),
			import('./convert/pod-options.ts'),
		]);
		const text = attempt(() => readGiven(path));
		if ('error' in text)
			throw unreadable('manifests', path, text.error, 'Name a file that can be read, or - for standard input');
		const options = podOptions(given, await definitionsGiven(given));
		return convertPods(text.value, path === '-' ? 'standard input' : path, options);
	},
};

const readGiven = (path: string): string => readFileSync(path === '-' ? 0 : path, 'utf8');

/** Throws one Failure with all mistakes. */
export function readTask(path: string): MeshedTask {
	const parsed = attempt(() => parseTaskDefinition(readGiven(path), path));
	if ('error' in parsed) throw unreadable('task definition', path, parsed.error, REMEDY);
	const { mistakes } = parsed.value.settings;
	if (mistakes.length > 0)
		throw new Failure('config', `Cannot use the task definition: ${mistakes.join('; ')}`, REMEDY);
	return parsed.value;
}

const REMEDY = 'Correct it, and see docs/pods-and-tasks.md, "ECS"';

function unreadable(what: string, path: string, error: unknown, remedy: string): Failure {
	const { code, message } = error as NodeJS.ErrnoException;
	const why =
		error instanceof SyntaxError ? `it is no JSON: ${message}` : code === undefined ? message : describeFsError(error);
	return new Failure('config', `Cannot read the ${what} ${quote(path)}: ${why}`, remedy, error);
}
