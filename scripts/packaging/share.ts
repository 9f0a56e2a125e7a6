// What belongs below a host's /usr/share: man pages and completions.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { version } from '../../src/version.ts';
import { bashCompletion, fishCompletion, zshCompletion } from './completions.ts';
import { shownCommands } from './described.ts';
import { commandPage, settingsPage } from './man.ts';

export async function writeShare(folder: string): Promise<void> {
	const commands = await shownCommands();
	const about = { version, date: new Date(sourceEpoch() * 1_000).toISOString().slice(0, 10) };
	const files = {
		'man/man8/turnout.8.gz': gzipSync(commandPage(commands, about), { level: 9 }),
		'man/man5/turnout.yaml.5.gz': gzipSync(settingsPage(about), { level: 9 }),
		'bash-completion/completions/turnout': bashCompletion(commands),
		'zsh/site-functions/_turnout': zshCompletion(commands),
		'fish/vendor_completions.d/turnout.fish': fishCompletion(commands),
	};
	for (const [name, content] of Object.entries(files)) {
		mkdirSync(dirname(join(folder, name)), { recursive: true });
		writeFileSync(join(folder, name), content);
	}
}

/** When the source was written, in seconds: of its last commit, unless SOURCE_DATE_EPOCH says so. */
export function sourceEpoch(): number {
	const { SOURCE_DATE_EPOCH: given } = process.env;
	const said =
		given ?? spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: import.meta.dirname, encoding: 'utf8' }).stdout;
	return /^\d+\s*$/.test(said ?? '') ? Number(said) : 0;
}
