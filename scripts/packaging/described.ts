// Every command as man pages and completions show it: the table of commands, joined with the table of settings.
import type { Option } from '../../src/cli/arguments.ts';
import { allDescribed, findEntry } from '../../src/commands/find.ts';
import { allSettings, flagOf } from '../../src/config/names.ts';
import { choicesOf } from '../docs/schema.ts';

export interface ShownOption extends Pick<Option, 'short' | 'help'> {
	readonly name: string;
	/** Of a setting, which turnout.yaml(5) tells of. */
	readonly isSetting: boolean;
	/** What follows it. */
	readonly value: 'nothing' | 'text' | 'file' | readonly string[];
}

export interface ShownCommand {
	readonly name: string;
	readonly summary: string;
	readonly verbs: readonly string[];
	readonly takesFiles: boolean;
	readonly takesSettings: boolean;
	readonly options: readonly ShownOption[];
}

export async function shownCommands(): Promise<readonly ShownCommand[]> {
	return Promise.all(
		Object.entries(await allDescribed()).map(([name, { summary, verbs = [] }]) => shown(name, summary, verbs)),
	);
}

async function shown(name: string, summary: string, verbs: readonly string[]): Promise<ShownCommand> {
	const { options, words, takesArguments } = await findEntry(name);
	const taken = takesArguments ? Object.entries(options) : [];
	const takesSettings = [...settingOf.keys()].every((option) => Object.hasOwn(options, option));
	return {
		...{ name, summary, verbs },
		takesFiles: takesArguments && words > 1 && name !== 'explain',
		takesSettings,
		options: taken.map(([option, { type, short, help }]) => ({
			name: option,
			help: (takesSettings ? settingOf.get(option)?.doc : undefined) ?? help,
			isSetting: settingOf.has(option),
			value: type === 'boolean' ? 'nothing' : argumentOf(option, help),
			...(short === undefined ? {} : { short }),
		})),
	};
}

const settingOf = new Map([...allSettings].map(([key, setting]) => [flagOf(key), setting]));

function argumentOf(option: string, help: string): ShownOption['value'] {
	const setting = settingOf.get(option);
	const choices = setting === undefined ? [] : choicesOf(setting);
	if (choices.length > 0) return choices;
	return /^(FILE|PATH|PROGRAM): /.test(help) || /absolute path/.test(setting?.allowed ?? '') ? 'file' : 'text';
}
