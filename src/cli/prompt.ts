import { createInterface } from 'node:readline/promises';
import { failureOf, failureText } from '../failure.ts';
import type { Client, Sessions } from '../localapi/protocol.ts';
import { parseArguments } from './arguments.ts';
import { commands } from './daemon-commands.ts';
import { commandLines } from './help.ts';
import { createPaint } from './paint.ts';
import { createProgress } from './pull-progress.ts';
import { unknownCommand } from './unknown-command.ts';

/** The first four are the 2019 script's, in its order. */
const all = { quit: { summary: 'Leave' }, ...commands, help: { summary: 'This list' } };
const words = Object.keys(all);

export interface PromptStreams {
	readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
	readonly output: NodeJS.WritableStream;
	readonly error: NodeJS.WritableStream;
	/** SSH logins, as far as they can be found. */
	readonly sessions: () => Promise<Sessions>;
}

export interface Prompt {
	/** Reads and executes commands until `quit`, the end of input or the signal. */
	readonly run: (signal: AbortSignal) => Promise<void>;
	/** Writes a log line without garbling the line being typed. */
	readonly interject: (text: string) => void;
}

/** The interactive prompt: the 2019 script's words and all commands of the daemon, with history and completion. */
export function createPrompt(client: Client, { input, output, error, sessions }: PromptStreams): Prompt {
	const isTerminal = input.isTTY === true;
	const completer = (line: string): [string[], string] => [words.filter((word) => word.startsWith(line)), line];
	const readline = createInterface({ input, output, terminal: isTerminal, prompt: isTerminal ? '> ' : '', completer });
	const ask = () => (isTerminal ? readline.prompt() : undefined);
	return {
		async run(signal) {
			let word: AbortController | undefined;
			signal.addEventListener('abort', () => readline.close(), { once: true });
			// Ctrl-C ends the running command, or the prompt if none is running.
			readline.on('SIGINT', () => (word === undefined ? readline.close() : word.abort()));
			ask();
			for await (const line of readline) {
				const [name = '', ...args] = line.trim().split(/\s+/);
				if (name === 'quit') break;
				word = new AbortController();
				await execute(client, name, args, { input, output, error, sessions }, AbortSignal.any([signal, word.signal]));
				word = undefined;
				ask();
			}
			readline.close();
		},
		interject(text) {
			if (isTerminal) error.write('\r\u001b[K');
			error.write(text);
			if (isTerminal) readline.prompt(true);
		},
	};
}

async function execute(
	client: Client,
	word: string,
	args: readonly string[],
	{ input, output, error, sessions }: PromptStreams,
	signal: AbortSignal,
): Promise<void> {
	const isTerminal = input.isTTY === true;
	const command = Object.hasOwn(commands, word) ? commands[word] : undefined;
	if (command === undefined) {
		output.write(await answerOf(word));
		return;
	}
	try {
		const { given, words } = parseArguments(
			args,
			{ ...command.options, json: { type: 'boolean', help: '' } },
			command.words,
		);
		const progress = isTerminal ? createProgress((text) => error.write(text), columnsOf(error)) : undefined;
		const isJson = given['json'] === true;
		const out = (text: string) => output.write(text);
		const paint = createPaint(output);
		await command.run(client, given, { out, isJson, paint, signal, progress, sessions }, words);
	} catch (cause) {
		if (!signal.aborted) error.write(failureText(failureOf(cause)));
	}
}

async function answerOf(word: string): Promise<string> {
	if (word === 'help') return commandLines(all);
	const list = `Available commands: ${words.join(', ')}\n`;
	// Enter alone, as with the 2019 script.
	return word === '' ? list : `${await unknownCommand(word, words)}\n${list}`;
}

const columnsOf = (stream: NodeJS.WritableStream & { readonly columns?: number }) => (): number => stream.columns ?? 80;
