// What packages are made of, without making one: test/host/systemd/package.long.test.ts does.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { parse } from 'yaml';
import { shownCommands } from '../scripts/packaging/described.ts';
import { writeShare } from '../scripts/packaging/share.ts';
import { plain } from '../src/cli/paint.ts';
import { findEntry } from '../src/commands/find.ts';
import { allSettings } from '../src/config/names.ts';
import { createScratch } from './lab/net/scratch.ts';
import { root } from './support/pages.ts';

const scratch = createScratch('share');
after(() => scratch[Symbol.dispose]());
const share = (name: string) => join(scratch.path, name);
await writeShare(scratch.path);
const commands = await shownCommands();
const page = (name: string) => gunzipSync(readFileSync(share(`man/${name}.gz`))).toString();

test('turnout(8) has every command and its options, turnout.yaml(5) every setting', () => {
	const [eight, five] = [page('man8/turnout.8'), page('man5/turnout.yaml.5')];
	for (const { name, options, takesSettings } of commands) {
		assert.ok(/[ \n]/.test(eight.split(`.SS turnout ${roff(name)}`)[1]?.[0] ?? ''), name);
		for (const { name: option, isSetting } of options)
			if (option !== 'help' && !(takesSettings && isSetting)) assert.ok(eight.includes(roff(`--${option}`)), option);
	}
	for (const [key, { variable }] of allSettings) {
		assert.match(five, new RegExp(`^\\.B ${key.replace('.', '\\.')}$`, 'm'));
		assert.ok(five.includes(variable), variable);
	}
});

test('man takes both pages without a warning', { skip: !existsSync('/usr/bin/man') }, () => {
	for (const name of ['man8/turnout.8.gz', 'man5/turnout.yaml.5.gz']) {
		const options = { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8', MANWIDTH: '100' } } as const;
		const { stdout, stderr } = spawnSync('man', ['--warnings', '--local-file', share(`man/${name}`)], options);
		assert.equal(stderr, '');
		assert.match(stdout, /SEE ALSO/);
	}
});

for (const [line, offered] of [
	['turnout en', ['enable']],
	['turnout enable --c', ['--confirm', '--cut-existing']],
	['turnout init --backend ', ['auto', 'iptables-nft', 'iptables-legacy', 'nft']],
	['turnout mesh ', ['check', 'show', 'render', 'convert', 'diff', 'import', 'export']],
	['turnout logs --tail ', []],
] as const)
	test(`bash completes "${line}"`, () => {
		const words = line.split(' ');
		const program = `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _turnout; printf '%s\\n' "\${COMPREPLY[@]}"`;
		const args = ['--norc', '-c', program, share('bash-completion/completions/turnout'), ...words];
		const { stdout, stderr } = spawnSync('bash', args, { encoding: 'utf8' });
		assert.equal(stderr, '');
		assert.deepEqual(stdout.split('\n').filter(Boolean), offered);
	});

for (const [shell, file] of [
	['bash', 'bash-completion/completions/turnout'],
	['zsh', 'zsh/site-functions/_turnout'],
	['fish', 'fish/vendor_completions.d/turnout.fish'],
] as const)
	test(`${shell} reads its completions`, {
		skip: existsSync(`/usr/bin/${shell}`) ? false : `${shell} is not installed`,
	}, () => {
		const { status, stderr } = spawnSync(shell, ['-n', share(file)], { encoding: 'utf8' });
		assert.deepEqual([status, stderr], [0, '']);
	});

test('what a command takes as its first word is what completion offers', async () => {
	for (const { name, verbs } of commands.filter(({ name: each }) => each === 'mesh' || each === 'config')) {
		const { run } = await findEntry(name);
		const terminal = {
			...{ out: () => undefined, isJson: false, paint: plain },
			...{ signal: AbortSignal.abort(), sessions: async () => ({}) },
		};
		const refusal = await run({}, ['nothing'], terminal).catch((error: Error) => error.message);
		assert.equal(/ takes "?([\w, ]+?)(?: FILE"|, not)/.exec(String(refusal))?.[1], verbs.join(', '));
	}
});

test('packages have the units, settings and scripts of this repository, and take over no change of the settings', () => {
	const text = readFileSync(join(root, 'scripts/packaging/nfpm.yaml'), 'utf8');
	const { contents, scripts } = parse(text) as {
		readonly contents: readonly { readonly dst: string; readonly type?: string }[];
		readonly scripts: Readonly<Record<string, string>>;
	};
	for (const file of Object.values(scripts)) assert.ok(existsSync(join(root, file)), file);
	const kept = contents.filter(({ dst, type }) => dst.startsWith('/etc/') && type !== 'dir');
	assert.deepEqual(
		kept.map(({ dst, type }) => [dst, type]),
		['turnout.yaml', 'environment'].map((name) => [`/etc/turnout/${name}`, 'config|noreplace']),
	);
});

for (const [script, word] of [
	['prerm', 'upgrade'],
	['prerm', '1'],
	['postrm', 'upgrade'],
	['postrm', '1'],
] as const)
	test(`before and after an upgrade, ${script} ${word} takes nothing down`, () => {
		const { status, stdout, stderr } = spawnSync(join(root, 'scripts/packaging', script), [word], { encoding: 'utf8' });
		assert.deepEqual([status, stdout, stderr], [0, '', '']);
	});

const roff = (text: string): string => text.replaceAll('-', String.raw`\-`);
