import type { Given } from '../../cli/arguments.ts';
import { createPrompt, type Prompt } from '../../cli/prompt.ts';
import { createProgress } from '../../cli/pull-progress.ts';
import { socketOf } from '../../config/quick-lookup.ts';
import type { PullProgress } from '../../envoy/runtime.ts';
import { createClient } from '../../localapi/client.ts';
import { createOutlet } from '../../log.ts';
import { readSessions } from '../session-warning.ts';
import { settingsArguments } from '../settings-options.ts';
import { runDaemon } from './assemble-daemon.ts';

/** Reading the standard streams opens them; not before they are needed. */
const streams = () => ({
	input: process.stdin,
	output: process.stdout,
	error: process.stderr,
	sessions: () => readSessions(process.env),
});

/** The daemon; on a terminal with the prompt in front, and leaving the prompt ends the daemon. */
export async function run(given: Given, signal: AbortSignal): Promise<number> {
	// The launcher's, for this process alone.
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
	// In front of a prompt nothing is drawn: `update` there draws it.
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
