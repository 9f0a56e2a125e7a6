import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { commands } from '../../../src/cli/daemon-commands.ts';
import { createPrompt } from '../../../src/cli/prompt.ts';
import { createClient } from '../../../src/localapi/client.ts';

async function answersTo(lines: string): Promise<string> {
	const [input, output, error] = [new PassThrough(), new PassThrough(), new PassThrough()];
	const prompt = createPrompt(createClient('/nowhere/socket'), { input, output, error, sessions: async () => ({}) });
	const over = prompt.run(new AbortController().signal);
	input.end(lines);
	await over;
	output.end();
	error.end();
	return (await text(output)) + (await text(error));
}

test('help at the prompt has a line for each command', async () => {
	const lines = (await answersTo('help\n')).trimEnd().split('\n');
	assert.deepEqual(
		lines.map((line) => line.trim().split(/ {2,}/)[0]),
		['quit', ...Object.keys(commands), 'help'],
	);
	assert.match(lines[1] ?? '', /^ {2}status +Show desired and actual state/);
});

test('an unknown word at the prompt is answered with the nearest command and with all', async () => {
	assert.match(
		await answersTo('enabel\n'),
		/^unknown command "enabel"; did you mean enable\?\nAvailable commands: quit, status, .*, help\n$/,
	);
});

test('Enter alone lists the commands, and quit leaves before what follows', async () => {
	assert.match(await answersTo('\nquit\nhelp\n'), /^Available commands: [^\n]*\n$/);
});
