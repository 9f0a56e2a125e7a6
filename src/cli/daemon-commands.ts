import { quote } from '../lib/escape.ts';
import type { ExplainedConnection, ExplainReply } from '../localapi/explained.ts';
import type { Client, FollowOptions, Sessions, Stream } from '../localapi/protocol.ts';
import { LONGEST_CONFIRM_SECONDS } from '../localapi/validate.ts';
import type { Status } from '../status/types.ts';
import { parseSince, SINCE_ALLOWED } from '../values/since.ts';
import { type Given, type Options, usage, wholeNumber } from './arguments.ts';
import { connectionOptions, EXPLAIN, explainRequestOf, noForm } from './explain-request.ts';
import { explainText } from './explain-text.ts';
import type { Paint } from './paint.ts';
import type { Screen } from './terminal-screen.ts';
import { configText, cutText, differencesText, eventText, openText, statusText, warningText } from './text.ts';
import { runTop } from './top.ts';
import { exitCodeOf, type Waitable, waitFor, watchingPull } from './wait.ts';

export interface CommandContext extends Waitable {
	readonly out: (text: string) => void;
	readonly isJson: boolean;
	readonly paint: Paint;
	readonly screen?: Screen | undefined;
	/** SSH logins, as far as they can be found. */
	readonly sessions: () => Promise<Sessions>;
}

export interface Command {
	readonly summary: string;
	readonly options: Options;
	/** Number of positional arguments allowed; none unless given. */
	readonly words?: number;
	/** Resolves to the exit code. */
	readonly run: (client: Client, given: Given, terminal: CommandContext, words: readonly string[]) => Promise<number>;
}

const tail = { type: 'string', help: 'LINES: only the last ones' } as const;
const since = { type: 'string', help: `WHEN: only lines since then; ${SINCE_ALLOWED}` } as const;

const confirm = {
	type: 'string',
	help: 'SECONDS: roll back after this time unless `turnout confirm` follows',
} as const;

const confirmOf = (given: Given): { confirmSeconds?: number } => {
	const confirmSeconds = wholeNumber(given, 'confirm', { least: 1, most: LONGEST_CONFIRM_SECONDS });
	return confirmSeconds === undefined ? {} : { confirmSeconds };
};

/** The commands that talk to the daemon: one table for the command line, the prompt, help and completion. */
export const commands: Readonly<Record<string, Command>> = {
	status: {
		summary: 'Show desired and actual state, and what is wrong with its remedy',
		options: { raw: { type: 'boolean', help: "The five sections of the 2019 script's status" } },
		run: async (client, { raw }, terminal) => {
			if (raw !== true) return showStatus(await client.status({}), terminal);
			const reply = await client.raw({});
			return show(reply, reply.text, 0, terminal);
		},
	},
	enable: {
		summary: "Send the host's traffic through Envoy",
		options: {
			confirm,
			'cut-existing': { type: 'boolean', help: 'End connections that bypass Envoy because they were opened before' },
		},
		run: async (client, given, terminal) => {
			const isCut = given['cut-existing'] === true;
			const status = await client.enable({
				...confirmOf(given),
				...(isCut ? { cutExisting: true } : {}),
				...(await terminal.sessions()),
			});
			const before = (isCut ? cutText(status) : '') + warningText(status);
			return show(status, before + statusText(status, terminal), exitCodeOf(status), terminal);
		},
	},
	disable: {
		summary: 'Stop sending traffic through Envoy',
		options: { drain: { type: 'string', help: 'SECONDS: wait up to this long for connections through Envoy to end' } },
		run: async (client, given, terminal) => {
			const drainSeconds = wholeNumber(given, 'drain');
			const reply = await client.disable(drainSeconds === undefined ? {} : { drainSeconds });
			const text = openText(reply.open) + statusText(reply.status, terminal);
			return show(reply, text, exitCodeOf(reply.status), terminal);
		},
	},
	confirm: {
		summary: 'Keep the change made with `--confirm`',
		options: {},
		run: async (client, _, terminal) => showStatus(await client.confirm({}), terminal),
	},
	reload: {
		summary: 'Re-read the settings and apply what differs, live',
		options: {
			confirm,
			backend: {
				type: 'string',
				help: 'NAME: move the rules to this firewall backend, live; auto: to the one that would be chosen now',
			},
		},
		run: async (client, given, terminal) => {
			const { backend } = given;
			const asked = typeof backend === 'string' ? { backend } : {};
			const reply = await client.reload({ ...confirmOf(given), ...asked, ...(await terminal.sessions()) });
			const changed = reply.changed.length === 0 ? 'nothing changed' : `changed: ${reply.changed.join(', ')}`;
			const notices = reply.notices.map((notice) => `${notice}\n`).join('');
			const text = `${changed}\n${notices}${warningText(reply)}${statusText(reply.status, terminal)}`;
			return show(reply, text, exitCodeOf(reply.status), terminal);
		},
	},
	update: {
		summary: 'Replace Envoy by the current version of its image, or by another image, without losing a connection',
		options: { image: { type: 'string', help: 'IMAGE: use this image until the image in the settings changes' } },
		run: async (client, { image }, terminal) => {
			const reply = await watchingPull(client, terminal, client.update(typeof image === 'string' ? { image } : {}));
			const text = reply.changed ? 'Envoy was replaced\n' : 'Envoy is up to date\n';
			return show(reply, text + statusText(reply.status, terminal), exitCodeOf(reply.status), terminal);
		},
	},
	diff: {
		summary: 'Show how the host differs from the desired state; exit code 2 if it does',
		options: {},
		run: async (client, _, terminal) => {
			const reply = await client.diff({});
			return show(reply, differencesText(reply), reply.same ? 0 : 2, terminal);
		},
	},
	wait: {
		summary: 'Wait until Envoy is LIVE and everything is in the desired state',
		options: { timeout: { type: 'string', help: 'SECONDS: give up after this time; default: never' } },
		run: async (client, given, terminal) => showStatus(await waitFor(client, given, terminal), terminal),
	},
	logs: {
		summary: "Envoy's output",
		options: {
			follow: { type: 'boolean', short: 'f', help: 'Keep printing new lines' },
			tail,
			since,
		},
		run: (client, given, terminal) =>
			follow(client, 'logs', given, terminal, (line) => (terminal.isJson ? JSON.stringify({ line }) : line)),
	},
	events: {
		summary: 'Events of the daemon, newest last',
		options: { follow: { type: 'boolean', short: 'f', help: 'Keep printing new events' }, tail, since },
		run: (client, given, terminal) =>
			follow(client, 'events', given, terminal, (line) => (terminal.isJson ? line : eventText(line, terminal.paint))),
	},
	config: {
		summary: 'Every setting of the running daemon, its value and its origin',
		options: {},
		run: async (client, _, terminal) => {
			const reply = await client.config({});
			return show(reply, configText(reply), 0, terminal);
		},
	},
	top: {
		summary: 'Live: connections by what decides them, with rates, and how Envoy is; q leaves',
		options: { interval: { type: 'string', help: 'SECONDS: between two looks; 1' } },
		run: (client, given, terminal) => runTop(client, given, terminal),
	},
	explain: {
		summary: EXPLAIN,
		options: connectionOptions,
		words: 2,
		run: async (client, given, terminal, words) => {
			const request = explainRequestOf(given, words);
			if (request === undefined) throw noForm();
			return showExplained(await client.explain(request), terminal);
		},
	},
};

const isOtherwise = ({ drift, probe }: ExplainedConnection): boolean => drift !== undefined || probe?.agrees === false;

/** Exit code 2 as with `diff`: what is installed is not what should be. */
export const showExplained = (reply: ExplainReply, terminal: CommandContext): number =>
	show(reply, explainText(reply), reply.connections.some(isOtherwise) ? 2 : 0, terminal);

async function follow(
	client: Client,
	stream: Stream,
	given: Given,
	{ out, signal }: CommandContext,
	textOf: (line: string) => string,
): Promise<number> {
	const options = followed(given, signal);
	await client.follow(stream, options, (line) => out(`${textOf(line)}\n`)).catch(ignoreAbort(signal));
	return 0;
}

/** Validates what is given before the daemon is called. */
function followed(given: Given, signal: AbortSignal): FollowOptions {
	const lines = wholeNumber(given, 'tail');
	const options = { follow: given['follow'] === true, signal, ...(lines === undefined ? {} : { tail: lines }) };
	const text = given['since'];
	if (typeof text !== 'string') return options;
	if (parseSince(text, Date.now()) === undefined) throw usage(`--since takes ${SINCE_ALLOWED}, not ${quote(text)}`);
	return { ...options, since: text };
}

function show(reply: unknown, text: string, code: number, { out, isJson }: CommandContext): number {
	out(isJson ? `${JSON.stringify(reply)}\n` : text);
	return code;
}

const showStatus = (status: Status, terminal: CommandContext): number =>
	show(status, statusText(status, terminal), exitCodeOf(status), terminal);

const ignoreAbort =
	(signal: AbortSignal) =>
	(error: unknown): void => {
		if (!signal.aborted) throw error;
	};
