import { writeFileSync } from 'node:fs';
import { parseArguments } from './cli/arguments.ts';
import { createPaint } from './cli/paint.ts';
import { allDescribed, findEntry } from './commands/find.ts';
import { Failure, failureJson, failureOf, failureText } from './failure.ts';
import { attempt } from './lib/attempt.ts';

/** Entry point, and the only module with effects on import. Each command loads only the modules that it needs. */
const stop = new AbortController();
// A closing terminal may send several signals; the second must not interrupt an orderly stop.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort(signal));

/** What ps, ss and systemctl show; Node calls itself `MainThread`. Unlike `process.title` it leaves the arguments as they are (proc(5)). */
attempt(() => writeFileSync('/proc/self/comm', 'turnout'));

/** EPIPE: the reader of our output has exited. A command ends then; the daemon keeps running without output. */
process.stdout.on('error', () => (process.argv[2] === 'run' ? undefined : process.exit()));
process.stderr.on('error', () => undefined);

main(process.argv.slice(2)).catch(failed).then(end);

async function main([name = '', ...args]: readonly string[]): Promise<number> {
	if (['', '--help', '-h', 'help'].includes(name)) return printHelp(name === '' ? 64 : 0);
	const entry = await findEntry(name);
	// The 2019 script ignored its arguments, but `--help` must not start it.
	const read = entry.takesArguments || args[0] === '--help' ? args : [];
	const { given, words } = parseArguments(read, entry.options, entry.words);
	if (given['help'] === true) return printCommandHelp(name, entry);
	const out = (text: string) => void process.stdout.write(text);
	const isJson = given['json'] === true;
	// Output as JSON is for programs, which need no progress bar.
	const progress = process.stderr.isTTY && !isJson ? await createTerminalProgress() : undefined;
	const sessions = async () => (await import('./commands/open-logins.ts')).readSessions(process.env);
	const screen = name === 'top' ? await createTerminalScreen() : undefined;
	const paint = createPaint(process.stdout);
	return entry.run(given, words, { out, isJson, paint, signal: stop.signal, progress, sessions, screen });
}

/**
 * The kernel closes what a command has opened in a fraction of the time that Node takes. The daemon waits for all of it, but
 * not for what is left open by mistake: who has stopped it, or wants to start it again, would wait too.
 */
function end(code: number): void {
	process.exitCode = code;
	if (process.argv[2] === 'run') setTimeout(() => process.exit(), LEFT_OPEN_MS).unref();
	else process.stdout.write('', () => process.stderr.write('', () => process.exit()));
}

/** Undefined without a terminal. */
async function createTerminalScreen() {
	if (!process.stdin.isTTY || !process.stdout.isTTY) return undefined;
	const { createScreen } = await import('./cli/terminal-screen.ts');
	return createScreen(process.stdin, process.stdout);
}

async function createTerminalProgress() {
	const { createProgress } = await import('./cli/pull-progress.ts');
	return createProgress(
		(text) => void process.stderr.write(text),
		() => process.stderr.columns,
	);
}

async function printHelp(code: number): Promise<number> {
	const { helpText } = await import('./cli/help.ts');
	(code === 0 ? process.stdout : process.stderr).write(helpText(await allDescribed()));
	return code;
}

async function printCommandHelp(name: string, entry: Awaited<ReturnType<typeof findEntry>>): Promise<number> {
	const { commandHelp } = await import('./cli/help.ts');
	process.stdout.write(commandHelp(name, entry));
	return 0;
}

/** Returns the exit code. Being stopped by a signal is not a failure. */
function failed(error: unknown): number {
	if (stop.signal.aborted && !(error instanceof Failure)) return 0;
	const failure = failureOf(error);
	process.stderr.write(process.argv.includes('--json') ? failureJson(failure) : failureText(failure));
	return exitCodes[failure.code] ?? 1;
}

const LEFT_OPEN_MS = 5_000;

const exitCodes: Readonly<Record<string, number | undefined>> = { usage: 64, 'not-running': 3 };
