import { type Given, type Options, usage } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import type { Described } from '../cli/help.ts';
import type { Failure } from '../failure.ts';
import { quote } from '../lib/escape.ts';
import { type LocalCommand, localCommands } from './table.ts';

/** A command as `main.ts` starts it, wherever it does its work. */
export interface Entry extends Described {
	/** Bare words allowed behind it. */
	readonly words: number;
	/** Looks at its arguments; the 2019 script does not. */
	readonly takesArguments: boolean;
	readonly run: (given: Given, words: readonly string[], terminal: CommandContext) => Promise<number>;
}

const common: Options = {
	json: { type: 'boolean', help: 'Print JSON' },
	help: { type: 'boolean', short: 'h', help: 'Print this' },
};
const socket: Options = { socket: { type: 'string', help: "PATH: the daemon's socket" } };

/** Commands of this process go before those that ask the daemon. */
export async function findEntry(name: string): Promise<Entry> {
	if (name === 'version' || name === '--version') return versionEntry;
	if (name === 'ecr-login') return ecrLoginEntry;
	if (Object.hasOwn(localCommands, name)) return localEntry(name, localCommands[name] as LocalCommand);
	const { commands } = await import('../cli/daemon-commands.ts');
	const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
	if (command === undefined) throw await unknownCommand(name);
	return {
		summary: command.summary,
		options: { ...command.options, ...socket, ...common },
		words: 0,
		takesArguments: true,
		async run(given, _, terminal) {
			const [{ createClient }, { socketOf }] = await Promise.all([
				import('../localapi/client.ts'),
				import('../config/quick-lookup.ts'),
			]);
			return command.run(createClient(socketOf(given)), given, terminal);
		},
	};
}

/** With more letters wrong than that it is another word. */
const NEAR = 2;

async function unknownCommand(name: string): Promise<Failure> {
	const { closest, distance } = await import('fastest-levenshtein');
	const nearest = closest(name, Object.keys(await allDescribed()));
	const hint = distance(name, nearest) <= NEAR ? `; did you mean ${nearest}?` : '';
	return usage(`there is no command ${quote(name)}${hint}`);
}

async function localEntry(name: string, command: LocalCommand): Promise<Entry> {
	const settings = command.takesSettings ? (await import('./settings-options.ts')).settingsOptions() : {};
	const own = name === 'prompt' ? socket : {};
	return {
		...command,
		options: { ...command.options, ...own, ...settings, ...common },
		takesArguments: name !== 'route-manager',
	};
}

const versionEntry: Entry = {
	summary: 'The version of turnout',
	options: common,
	words: 0,
	takesArguments: true,
	async run(_given, _words, { out, isJson }) {
		const { version } = await import('../version.ts');
		out(isJson ? `${JSON.stringify({ version })}\n` : `turnout ${version}\n`);
		return 0;
	},
};

/** For the daemon alone, which starts it (host/ecr.ts): no help names it. */
const ecrLoginEntry: Entry = {
	summary: "The login of the ECR registry whose host is on standard input; the daemon's own",
	options: common,
	words: 0,
	takesArguments: true,
	run: async (_given, _words, { out, signal }) => (await import('./ecr-login.ts')).runEcrLogin(out, signal),
};

/** Every command that there is, for `--help`. */
export async function allDescribed(): Promise<Readonly<Record<string, Described>>> {
	const { commands } = await import('../cli/daemon-commands.ts');
	return { ...localCommands, ...commands, ...localCommands, version: versionEntry };
}
