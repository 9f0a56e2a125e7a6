import { join } from 'node:path';
import { test } from 'node:test';
import { commandHelp, helpText } from '../../../src/cli/help.ts';
import { allDescribed, findEntry } from '../../../src/commands/find.ts';
import { matchesGolden } from '../../support/golden.ts';

const golden = (name: string): string => join(import.meta.dirname, 'golden', name);

test('--help lists all commands', async () => {
	matchesGolden(helpText(await allDescribed()), golden('help.txt'));
});

test('COMMAND --help shows the summary and the options', async () => {
	const commands = Object.entries(await allDescribed());
	matchesGolden(commands.map(([name, command]) => commandHelp(name, command)).join('\n'), golden('help-commands.txt'));
});

test('--help of a command with settings lists every setting with its key and variable', async () => {
	matchesGolden(commandHelp('run', await findEntry('run')), golden('help-run.txt'));
});
