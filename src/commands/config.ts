import { type Given, usage } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import { configText } from '../cli/text.ts';
import { shownSettings } from '../config/describe.ts';
import { loadSettings } from '../config/load.ts';
import { quote } from '../lib/escape.ts';
import { settingsArguments } from './settings-options.ts';

/** `turnout config` and `turnout config check FILE`. */
export async function config(given: Given, words: readonly string[], terminal: CommandContext): Promise<number> {
	const [verb, file] = words;
	if (verb === undefined) return showConfig(given, terminal);
	if (verb !== 'check') throw usage(`config takes "check FILE", not ${quote(verb)}`);
	if (file === undefined) throw usage('config check takes a file');
	const { notices } = await loadSettings({ ...settingsArguments(given), file });
	terminal.out(terminal.isJson ? `${JSON.stringify({ ok: true, notices })}\n` : checked(file, notices));
	return 0;
}

async function showConfig(given: Given, { out, isJson }: CommandContext): Promise<number> {
	const shown = shownSettings(await loadSettings(settingsArguments(given)));
	out(isJson ? `${JSON.stringify(shown)}\n` : configText(shown));
	return 0;
}

const checked = (file: string, notices: readonly string[]): string =>
	[`${file} has no mistakes\n`, ...notices.map((notice) => `${notice}\n`)].join('');
