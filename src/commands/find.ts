import { type Given, type Options, usage } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import type { Described } from '../cli/help.ts';
import { type LocalCommand, localCommands } from './table.ts';

/** Finds a command by name: one of this process (table.ts) or of the daemon (cli/daemon-commands.ts). */
export interface Entry extends Described {
	/** Number of positional arguments allowed. */
	readonly words: number;
	/** False for the 2019 script, which ignores its arguments. */
	readonly takesArguments: boolean;
	readonly run: (given: Given, words: readonly string[], terminal: CommandContext) => Promise<number>;
}

const common: Options = {
	json: { type: 'boolean', help: 'Print JSON' },
	help: { type: 'boolean', short: 'h', help: 'Print this' },
};
const socket: Options = { socket: { type: 'string', help: "PATH: the daemon's socket" } };

/** Local commands take precedence over those of the daemon. Throws a Failure with code `usage` for unknown names. */
export async function findEntry(name: string): Promise<Entry> {
	if (name === 'version' || name === '--version') return versionEntry;
	if (name === 'ecr-login') return ecrLoginEntry;
	if (Object.hasOwn(localCommands, name)) return localEntry(name, localCommands[name] as LocalCommand);
	const { commands } = await import('../cli/daemon-commands.ts');
	const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
	if (command === undefined) throw await unknownFailure(name);
	return {
		summary: command.summary,
		options: { ...command.options, ...socket, ...common },
		words: command.words ?? 0,
		takesArguments: true,
		async run(given, words, terminal) {
			const [{ createClient }, { socketOf }] = await Promise.all([
				import('../localapi/client.ts'),
				import('../config/quick-lookup.ts'),
			]);
			return command.run(createClient(socketOf(given)), given, terminal, words);
		},
	};
}

async function unknownFailure(name: string) {
	const { unknownCommand } = await import('../cli/unknown-command.ts');
	return usage(await unknownCommand(name, Object.keys(await allDescribed())));
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

/** Internal: only the daemon starts it (host/ecr/token.ts), so it is not in the help. */
const ecrLoginEntry: Entry = {
	summary: 'Internal: log in to the ECR registry on standard input',
	options: common,
	words: 0,
	takesArguments: true,
	run: async (_given, _words, { out, signal }) => (await import('./ecr-login.ts')).runEcrLogin(out, signal),
};

/** Every command, for `--help`. */
export async function allDescribed(): Promise<Readonly<Record<string, Described>>> {
	const { commands } = await import('../cli/daemon-commands.ts');
	return { ...localCommands, ...commands, ...localCommands, version: versionEntry };
}
