import type { Given } from '../cli/arguments.ts';
import { usage, wholeNumber } from '../cli/arguments.ts';
import type { Terminal } from '../cli/daemon-commands.ts';
import { configText } from '../cli/text.ts';
import { refuseUndone, refuseUnwanted } from '../commands/beside-daemon.ts';
import { hasLeftBehind, type Left, runClean } from '../commands/clean.ts';
import { runInit } from '../commands/init.ts';
import { runRender } from '../commands/render.ts';
import { runRevert } from '../commands/revert.ts';
import { socketOf, stateDirectoryOf } from '../config/quick-lookup.ts';
import { quoted } from '../lib/escape.ts';
import { loadSettings, settingsArguments, shownSettings } from '../settings.ts';

/** The commands that do one thing and end: each prints what it did, as text or as JSON. */

export async function init(given: Given, { out, isJson, signal }: Terminal): Promise<number> {
	await refuseUnwanted(socketOf(given));
	const report = await runInit(settingsArguments(given), signal);
	const { backend, families, rules, notices } = report;
	const said = `Interception is on: ${rules} rules for ${families.join(' and ')} in ${backend.name} (${backend.why}), read back as meant\n`;
	out(isJson ? `${JSON.stringify(report)}\n` : [said, ...notices.map((notice) => `${notice}\n`)].join(''));
	return 0;
}

export async function clean(given: Given, { out, isJson, signal }: Terminal): Promise<number> {
	const unit = given['after'];
	if (typeof unit === 'string' && !(await hasLeftBehind(unit))) return 0;
	else await refuseUndone(socketOf({}));
	const { left } = await runClean({ routeManager: given['route-manager'] === true || given['seed'] === true }, signal);
	const said = ['Nothing that bears our names is left\n', ...left.map(leftText)].join('');
	out(isJson ? `${JSON.stringify({ clean: true, ...(left.length === 0 ? {} : { left }) })}\n` : said);
	return 0;
}

const leftText = ({ backend, table, chain, removal }: Left): string =>
	`Left alone, as it is not turnout's: chain ${chain} of ${table} in ${backend}. If nobody needs it any more:\n${removal.map((command) => `  ${command}\n`).join('')}`;

export async function revert(given: Given, { out, isJson, signal }: Terminal): Promise<number> {
	const seconds = wholeNumber(given, 'after') ?? 0;
	const until = given['until'];
	const only = typeof until === 'string' ? until : undefined;
	const places = { socket: socketOf(given), stateDirectory: stateDirectoryOf(given) };
	const did = await runRevert(places, seconds, only, signal);
	const said = did === 'nothing' ? 'Nothing waits for confirmation\n' : 'The host is as it was before\n';
	out(isJson ? `${JSON.stringify({ reverted: did !== 'nothing' })}\n` : said);
	return 0;
}

export async function render(given: Given, { out, isJson }: Terminal): Promise<number> {
	const family = given['family'];
	const rendered = await runRender(settingsArguments(given), typeof family === 'string' ? family : undefined);
	const text = rendered.map((each) => `# ${each.family}, ${each.backend}\n${each.document}`).join('\n');
	out(isJson ? `${JSON.stringify(rendered)}\n` : text);
	return 0;
}

export async function config(given: Given, words: readonly string[], terminal: Terminal): Promise<number> {
	const [verb, file] = words;
	if (verb === undefined) return showConfig(given, terminal);
	if (verb !== 'check') throw usage(`config knows "check FILE" and not ${quoted(verb)}`);
	if (file === undefined) throw usage('config check takes a file');
	const { notices } = await loadSettings({ ...settingsArguments(given), file });
	terminal.out(terminal.isJson ? `${JSON.stringify({ ok: true, notices })}\n` : checked(file, notices));
	return 0;
}

async function showConfig(given: Given, { out, isJson }: Terminal): Promise<number> {
	const shown = shownSettings(await loadSettings(settingsArguments(given)));
	out(isJson ? `${JSON.stringify(shown)}\n` : configText(shown));
	return 0;
}

const checked = (file: string, notices: readonly string[]): string =>
	[`${file} has no mistakes\n`, ...notices.map((notice) => `${notice}\n`)].join('');
