// Text that hopes to be run by a shell, split into words, or obeyed by a terminal, through the real executable.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { allSettings, flagOf } from '../../../src/config/names.ts';
import { createHost } from '../../lab/net/host.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { hostileTexts } from '../../support/hostile.ts';
import { assertRefused } from '../../support/refusal.ts';
import { createVictim } from '../../support/victim.ts';

const victim = createVictim();
after(() => victim[Symbol.dispose]());
const inside = (name: string): string => join(victim.folder, name);
const mark = inside('executed');

/** Everything but what a program or a path may be called. */
const strict = [...allSettings].filter(
	([key]) =>
		!/^(envoy\.(dockerSocket|mounts|logDriver|command|config)|mesh\.(cluster|definitions|etcd\w+)|socket|stateDirectory)$/.test(
			key,
		),
);

type Way = (text: string) => ReturnType<typeof victim.turnout>;
const ways: Readonly<Record<string, Way>> = {
	'a file': (text) => {
		const path = inside(`${Math.random()}.yaml`);
		writeFileSync(path, strict.map(([key]) => `${key}: ${JSON.stringify(text)}\n`).join(''));
		return victim.turnout(['init', '--config', path]);
	},
	'the environment': (text) =>
		victim.turnout(['init'], { env: Object.fromEntries(strict.map(([, { variable }]) => [variable, text])) }),
	flags: (text) => victim.turnout(['init', ...strict.map(([key]) => `--${flagOf(key)}=${text}`)]),
};

for (const [at, [name, init]] of Object.entries(ways).entries())
	test(`hostile text for every setting in ${name} is refused and never run`, async () => {
		// Each text goes each way in the unit tests; here each goes one way.
		const texts = hostileTexts(mark).filter((text, index) => (text.includes('\0') ? at === 0 : index % 3 === at));
		for (const text of texts) {
			// Of a variable that AWS's tools set the default is taken.
			const refused = strict.filter(([, { isForgiving }]) => name !== 'the environment' || isForgiving !== true);
			const says = refused.map(([key]) => `\n  ${key} (`);
			assertRefused(await init(text), { says: [`${refused.length} mistakes:`, ...says] });
			assert.equal(existsSync(mark), false, JSON.stringify(text));
		}
		await victim.assertUntouched();
	});

const process = ['--envoy-runtime', 'process', '--envoy-command'];

test('a program and a settings file with hostile names are looked for under just these names', async () => {
	const [folder, file] = [inside('$(touch x)'), `\`id\`;'"&|*.yaml`];
	mkdirSync(folder);
	writeFileSync(join(folder, file), 'egressPort: 70000\n');
	const [config, command, program] = await Promise.all([
		victim.turnout(['init', '--config', join(folder, file)]),
		victim.daemon([...process, `true; touch ${mark}`], { env: { TURNOUT_SOCKET: inside('a.sock') } }),
		victim.daemon([...process, `/bin/false $(touch ${mark})`]),
	]);
	assertRefused(config, { says: ['"70000" is not a port'] });
	assertRefused(command, { says: [`there is no program "true; touch ${mark}"`] });
	assertRefused(program, { says: [`there is no program "/bin/false $(touch ${mark})"`] });
	assert.equal(existsSync(mark), false);
	await victim.assertUntouched();
});

test('a program and a bootstrap with hostile names that are there are run and handed on as they are', async () => {
	const program = inside('envoy $(touch x); touch y');
	writeFileSync(program, '#!/bin/sh\nprintf "%s|%s\\n" "$0" "$2" >&2\nexit 3\n', { mode: 0o755 });
	const bootstrap = inside('"; touch z; \'`touch z`$(touch z)');
	const missing = await victim.daemon([...process, program, '--envoy-config', bootstrap]);
	assertRefused(missing, { says: [`its file ${bootstrap} cannot be read: no such file or directory`] });
	writeFileSync(bootstrap, '{}');
	const outcome = await victim.daemon([...process, program, '--envoy-config', bootstrap]);
	assertRefused(outcome, { says: [`code 3; its last line: ${program}|${bootstrap}`] });
	assert.deepEqual(['/x', '/y', '/z'].filter(existsSync), []);
	await victim.assertUntouched();
});

test('unknown commands and options with hostile names are told as the letters that they are', async () => {
	for (const text of ['\u001b[2J', '\u009b31m', 'a\nb', `$(touch ${mark})`]) {
		for (const outcome of await Promise.all([victim.turnout([text]), victim.turnout(['init', `--${text}`])]))
			assertRefused(outcome, { code: 64, says: [] });
	}
	await victim.assertUntouched();
});

test('a daemon whose socket and state stand in a folder with a hostile name works, and nothing else is made', async () => {
	using lab = createHost({ container: false });
	const folder = inside(`d '"$(touch x)\`touch y\`;&|*`);
	mkdirSync(folder);
	await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '8080'], folder });
	assert.equal(daemon.status().wanted, 'disabled');
	daemon.ask('enable');
	assert.equal(daemon.status().is, 'enabled');
	assert.deepEqual(readdirSync(folder).sort(), ['control.sock', 'state']);
	assert.deepEqual(['x', 'y', '/x', '/y', mark].filter(existsSync), []);
});
