import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createScratch } from '../../lab/net/scratch.ts';
import { turnout, turnoutProgram } from '../../lab/turnout.ts';
import { rulesOf } from '../../support/daemon.ts';
import { eventually } from '../../support/eventually.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { openTerminal } from '../../support/terminal.ts';
import { createDaemonHost } from '../../support/with-daemon.ts';

describe('the prompt', async () => {
	const { lab, untouched, start } = suiteStack().use(await createDaemonHost({ envoy: [15000, 15001] }));

	test('commands that are piped into the prompt are run one after the other, until quit', async () => {
		await using daemon = await start([]);
		const words = ['status', '', 'nonsense', ' enable ', 'disable --drain x', 'diff --json', 'quit', 'disable'];
		const { code, stdout, stderr } = turnout(lab.host, ['prompt', '--socket', daemon.socket], {
			input: words.map((word) => `${word}\n`).join(''),
		});
		assert.equal(code, 0);
		const available = 'Available commands: quit, status, enable, disable, ';
		assert.match(
			stdout,
			new RegExp(
				`^interception {2}disabled since (.*\n)+?${available}.*\nunknown command "nonsense"\n${available}.*\ninterception {2}enabled since (.*\n)+?{"same":true,"differences":\\[\\]}\n$`,
			),
		);
		assert.match(
			stderr,
			/^turnout: Cannot read the command line: --drain takes a whole number from 0 to 999999, not "?"?x"?"?\n.*\n$/,
		);
		assert.equal(daemon.status().wanted, 'enabled');
	});

	test('on a terminal the prompt completes words and keeps a history, and Ctrl-D leaves it', async () => {
		await using daemon = await start([]);
		using terminal = openTerminal(lab.host, `'${turnoutProgram}' prompt --socket ${daemon.socket}`);
		await terminal.shows(/> /);
		terminal.type('ena\t');
		await terminal.shows(/enable/);
		terminal.type('\r');
		await terminal.shows(/interception {2}enabled since/);
		await terminal.shows(/> /);
		terminal.type('d\t');
		await terminal.shows(/di/);
		terminal.type('\t');
		await terminal.shows(/disable +diff/);
		terminal.type('\u0015');
		// One up is the last word.
		terminal.type('\u001b[A');
		await terminal.shows(/> enable/);
		terminal.type('\r');
		await terminal.shows(/interception {2}enabled since/);
		await terminal.shows(/> /);
		terminal.type('\u0004');
		assert.equal(await terminal.ended, 0);
	});

	test('at the prompt Ctrl-C ends what goes on for ever, and then the prompt', async () => {
		await using daemon = await start([]);
		using terminal = openTerminal(lab.host, `'${turnoutProgram}' prompt --socket ${daemon.socket}`);
		await terminal.shows(/> /);
		terminal.type('events -f\r');
		await terminal.shows(/:\d\d ready [^\n]*\n/);
		terminal.type('\u0003');
		await terminal.shows(/> /);
		terminal.type('status\r');
		await terminal.shows(/interception {2}disabled since/);
		await terminal.shows(/> /);
		terminal.type('\u0003');
		assert.equal(await terminal.ended, 0);
	});

	test('run on a terminal has the prompt in front, and to leave it is to end the daemon', async () => {
		using scratch = createScratch('terminal');
		using terminal = openTerminal(lab.host, runIn(scratch.path));
		await terminal.shows(/ready wanted=disabled/);
		await terminal.shows(/> /);
		terminal.type('enable\r');
		await terminal.shows(/interception enabled backend=/);
		await terminal.shows(/interception {2}enabled since/);
		assert.notEqual(rulesOf(lab.host), untouched);
		terminal.type('quit\r');
		await terminal.shows(/interception disabled ms=\d+/);
		assert.equal(await terminal.ended, 0);
		assert.equal(rulesOf(lab.host), untouched);
	});

	test('a terminal that goes away ends the daemon in order', async () => {
		// More than once: the signal that comes with it may meet any moment of the stop.
		for (const round of [1, 2, 3]) {
			using scratch = createScratch('terminal');
			const terminal = openTerminal(lab.host, `${runIn(scratch.path)} --start-enabled 1`);
			await terminal.shows(/> /);
			assert.notEqual(rulesOf(lab.host), untouched);
			terminal[Symbol.dispose]();
			await eventually(
				() => rulesOf(lab.host) === untouched,
				(isGone) => isGone,
			).catch(() => assert.fail(`in round ${round} it left its rules`));
		}
	});

	const runIn = (path: string): string =>
		`'${turnoutProgram}' run --socket ${join(path, 'control.sock')} --state-directory ${path}`;
});
