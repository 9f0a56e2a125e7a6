import type { Given } from '../../cli/arguments.ts';
import { createPrompt, type Prompt } from '../../cli/prompt.ts';
import { createProgress } from '../../cli/pull-progress.ts';
import { socketOf } from '../../config/quick-lookup.ts';
import type { PullProgress } from '../../envoy/runtime.ts';
import { createClient } from '../../localapi/client.ts';
import { createOutlet } from '../../log.ts';
import { readSessions } from '../open-logins.ts';
import { settingsArguments } from '../settings-options.ts';
import { runDaemon } from './assemble-daemon.ts';

/** A function, because reading the standard streams opens them. */
const streams = () => ({
	input: process.stdin,
	output: process.stdout,
	error: process.stderr,
	sessions: () => readSessions(process.env),
});

/** `turnout run`: the daemon. On a terminal it has a prompt, and leaving the prompt stops the daemon. */
export async function run(given: Given, signal: AbortSignal): Promise<number> {
	// Set by the launcher for this process; children must not inherit it.
	delete process.env['MALLOC_ARENA_MAX'];
	const isTerminal = process.stdin.isTTY === true && process.stderr.isTTY === true;
	const leave = new AbortController();
	const ending = AbortSignal.any([signal, leave.signal]);
	let prompt: Prompt | undefined;
	const onReady = (socket: string) => {
		if (!isTerminal || given['no-prompt'] === true) return;
		prompt = createPrompt(createClient(socket), streams());
		prompt
			.run(ending)
			.catch((error) => leave.abort(error))
			.finally(() => {
				prompt = undefined;
				leave.abort();
			});
	};
	const progress = createProgress(
		(text) => void process.stderr.write(text),
		() => process.stderr.columns,
	);
	const outlet = createOutlet(process.stderr);
	const write = (text: string) => {
		progress.end();
		if (prompt === undefined) outlet(text);
		else prompt.interject(text);
	};
	// With a prompt nothing is drawn here: its `update` draws the progress.
	const onPull = (pull: PullProgress | undefined) => {
		if (pull === undefined) progress.end();
		else if (isTerminal && prompt === undefined) progress.show(pull);
	};
	await runDaemon({ settings: settingsArguments(given), isTerminal, write, onPull, onReady }, ending);
	return 0;
}

export async function runPrompt(given: Given, signal: AbortSignal): Promise<number> {
	const client = createClient(socketOf(given));
	await client.status({});
	await createPrompt(client, streams()).run(signal);
	return 0;
}
