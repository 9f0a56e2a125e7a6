// The visitor at turnout's prompt on the demo's host, until they leave it.
import { once } from 'node:events';
import { addresses } from '../lab/net/layout.ts';
import { type TestDaemon, turnoutProgram } from '../lab/turnout.ts';
import type { Setup } from './demo.ts';
import { rememberTerminal, type Screen } from './screen.ts';

export type Hint = readonly [what: string, why: string];

export async function keepAtPrompt(setup: Setup, { socket }: TestDaemon, screen: Screen): Promise<void> {
	screen.print(renderHints(setup, screen));
	const restore = rememberTerminal();
	await once(setup.host.spawn(turnoutProgram, ['prompt', '--socket', socket], { stdio: 'inherit' }), 'exit');
	restore();
}

/** Bash opens connections by itself, so that no client has to be there; a namespace is entered by a peer's pid. */
function renderHints({ peers: { app, world }, settings, hints }: Setup, { colours: { bold, dim } }: Screen): string {
	const sudo = process.env['SUDO_USER'] === undefined ? '' : 'sudo ';
	const enter = (pid: number, command: string) => `nsenter -n -t ${pid} ${command}`;
	const dial = (address: string, port: number) => `bash -c 'cat < /dev/tcp/${address}/${port}'`;
	const line = (width: number, [what, why]: Hint) =>
		`  ${bold(what)}${' '.repeat(Math.max(1, width - what.length))}${why}\n`;
	const words: readonly Hint[] = [
		['enable', 'traffic goes through Envoy; disable: directly again'],
		['status', 'what is wanted, what is, what is wrong and the remedy'],
		['logs --tail 5', "Envoy's line for each connection"],
		...(hints ? [hints.prompt] : []),
		['reload', 'after a change of the settings, which are in'],
		['', dim(settings)],
		['quit', 'leave; everything is then taken down'],
	];
	const commands: readonly Hint[] = [
		[enter(app.pid, dial(addresses.remote.v4, 443)), 'out'],
		[enter(world.pid, dial(addresses.host.v4, 8081)), 'in'],
		[enter(app.pid, 'iptables-save'), 'rules'],
		...(hints ? [hints.shell] : []),
	];
	return [
		'\nturnout runs on the little host again, and this is its prompt. Try:\n',
		...words.map((word) => line(17, word)),
		'\nFrom another terminal, as root; who answers says its name:\n',
		...commands.map(([what, why]) => line(66, [sudo + what, dim(why)])),
		'\n',
	].join('');
}
