// The visitor at turnout's prompt on the demo's host, until they leave it.
import { once } from 'node:events';
import { addresses } from '../lab/net/layout.ts';
import { type TestDaemon, turnoutProgram } from '../lab/turnout.ts';
import type { Colours } from './colours.ts';
import type { Hint, Place, Stage } from './stage.ts';
import { rememberTerminal } from './terminal.ts';

export async function keepAtPrompt({ place, colours }: Stage, daemon: TestDaemon): Promise<void> {
	process.stdout.write(hints(place, colours));
	const restore = rememberTerminal();
	const prompt = place.host.spawn(turnoutProgram, ['prompt', '--socket', daemon.socket], { stdio: 'inherit' });
	await once(prompt, 'exit');
	restore();
}

/** Bash opens connections by itself, so that a host without any client can follow too; an actor's pid is its host's name. */
function hints({ actors, settings, hints: more }: Place, { bold, dim }: Colours): string {
	const { app, world: remote } = actors;
	const sudo = process.env['SUDO_USER'] === undefined ? '' : 'sudo ';
	const enter = (pid: number, command: string) => `${sudo}nsenter -n -t ${pid} ${command}`;
	const dial = (address: string, port: number) => `bash -c 'cat < /dev/tcp/${address}/${port}'`;
	const line = (width: number, [what, why]: Hint) =>
		`  ${bold(what)}${' '.repeat(Math.max(1, width - what.length))}${why}\n`;
	const words: readonly Hint[] = [
		['enable', 'traffic goes through Envoy; disable: directly again'],
		['status', 'what is wanted, what is, what is wrong and the remedy'],
		['logs --tail 5', "Envoy's line for each connection"],
		...more.prompt,
		['reload', 'after a change of the settings, which are in'],
		['', dim(settings)],
		['quit', 'leave; everything is then taken down'],
	];
	const commands: readonly Hint[] = [
		[enter(app.pid, dial(addresses.remote.v4, 443)), 'out'],
		[enter(remote.pid, dial(addresses.host.v4, 8081)), 'in'],
		[enter(app.pid, 'iptables-save'), 'rules'],
		...more.shell.map(([what, why]): Hint => [`${sudo}${what}`, why]),
	];
	return [
		`\nturnout runs on the little host again, and this is its prompt. Try:\n`,
		...words.map((word) => line(17, word)),
		'\nFrom another terminal, as root; who answers says its name:\n',
		...commands.map(([what, why]) => line(66, [what, dim(why)])),
		'\n',
	].join('');
}
