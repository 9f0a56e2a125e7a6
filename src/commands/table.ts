import type { Given, Options } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import type { Described } from '../cli/help.ts';
import { socketOf } from '../config/quick-lookup.ts';

/** A command that acts in this process; its module is loaded only when it is asked for. */
export interface LocalCommand extends Described {
	/** Takes every setting as an option too. */
	readonly takesSettings: boolean;
	/** Bare words allowed behind it. */
	readonly words: number;
	readonly run: (given: Given, words: readonly string[], terminal: CommandContext) => Promise<number>;
}

const none: Options = {};

export const localCommands: Readonly<Record<string, LocalCommand>> = {
	run: {
		summary: 'The daemon: Envoy, rules, and the prompt in front on a terminal',
		options: { 'no-prompt': { type: 'boolean', help: 'No prompt, also on a terminal' } },
		takesSettings: true,
		words: 0,
		run: async (given, _, { signal }) => (await import('./run/run.ts')).run(given, signal),
	},
	prompt: {
		summary: 'A prompt that speaks to the running daemon',
		options: none,
		takesSettings: false,
		words: 0,
		run: async (given, _, { signal }) => (await import('./run/run.ts')).runPrompt(given, signal),
	},
	'route-manager': {
		summary: "The 2019 script's contract to the letter, on standard input",
		options: none,
		takesSettings: false,
		words: Number.POSITIVE_INFINITY,
		run: async (_given, _words, { signal }) =>
			(await import('./route-manager.ts')).runRouteManager(socketOf({}), signal),
	},
	init: {
		summary: 'Rules on, once, and read back; needs no daemon',
		options: none,
		takesSettings: true,
		words: 0,
		run: async (given, _, terminal) => (await import('./init.ts')).init(given, terminal),
	},
	clean: {
		summary: 'Take away whatever bears our names; needs no daemon',
		options: {
			'route-manager': { type: 'boolean', help: 'Also what the 2019 script left' },
			seed: { type: 'boolean', help: 'The same, by its former name' },
			after: { type: 'string', help: 'UNIT: only if systemd had to end it on its stop, and onStop is disable' },
		},
		takesSettings: false,
		words: 0,
		run: async (given, _, terminal) => (await import('./clean.ts')).clean(given, terminal),
	},
	revert: {
		summary: 'Back to what was before `--confirm`, at once; needs no daemon',
		options: {
			socket: { type: 'string', help: "PATH: the daemon's socket" },
			'state-directory': { type: 'string', help: "PATH: the daemon's state directory" },
			after: { type: 'string', help: 'SECONDS: not before' },
			until: { type: 'string', help: 'TIME: only what waits until then, as status tells it' },
		},
		takesSettings: false,
		words: 0,
		run: async (given, _, terminal) => (await import('./revert.ts')).revert(given, terminal),
	},
	render: {
		summary: 'Print the documents that would be committed, with a reason on each rule',
		options: { family: { type: 'string', help: 'ipv4 or ipv6 only' } },
		takesSettings: true,
		words: 0,
		run: async (given, _, terminal) => (await import('./render.ts')).render(given, terminal),
	},
	config: {
		summary: 'Every setting, its value, and where the value came from; config check FILE: all mistakes of a file',
		options: none,
		takesSettings: true,
		words: 2,
		run: async (given, words, terminal) => (await import('./config.ts')).config(given, words, terminal),
	},
};
