// The visitor at turnout's prompt on the demo's host, until they leave it.
import { once } from 'node:events';
import { addresses } from '../layout.ts';
import { type TestDaemon, turnoutProgram } from '../turnout.ts';
import type { Colours } from './colours.ts';
import { rememberTerminal } from './terminal.ts';
import type { World } from './world.ts';

export interface Visit {
	readonly world: World;
	readonly daemon: TestDaemon;
	readonly settings: string;
}

export async function keepAtPrompt(visit: Visit, colours: Colours): Promise<void> {
	process.stdout.write(hints(visit, colours));
	const { world, daemon } = visit;
	const restore = rememberTerminal();
	const prompt = world.lab.host.spawn(turnoutProgram, ['prompt', '--socket', daemon.socket], { stdio: 'inherit' });
	await once(prompt, 'exit');
	restore();
}

/** Bash opens connections by itself, so that a host without any client can follow too; an actor's pid is its host's name. */
function hints({ world, settings }: Visit, { bold, dim }: Colours): string {
	const { app, world: remote } = world.cast;
	const sudo = process.env['SUDO_USER'] === undefined ? '' : 'sudo ';
	const enter = (pid: number, command: string) => `${sudo}nsenter -n -t ${pid} ${command}`;
	const dial = (address: string, port: number) => `bash -c 'cat < /dev/tcp/${address}/${port}'`;
	const line = (width: number) => (what: string, why: string) =>
		`  ${bold(what)}${' '.repeat(Math.max(1, width - what.length))}${why}\n`;
	const word = line(17);
	const shell = line(66);
	return [
		`\nturnout runs on the little host again, and this is its prompt. Try:\n`,
		word('enable', 'traffic goes through Envoy; disable: directly again'),
		word('status', 'what is wanted, what is, what is wrong and the remedy'),
		word('logs --tail 5', "Envoy's line for each connection"),
		word('reload', 'after a change of the settings, which are in'),
		word('', dim(settings)),
		word('quit', 'leave; everything is then taken down'),
		'\nFrom another terminal, as root; who answers says its name:\n',
		shell(enter(app.pid, dial(addresses.remote.v4, 443)), dim('out')),
		shell(enter(remote.pid, dial(addresses.host.v4, 8081)), dim('in')),
		shell(enter(app.pid, 'iptables-save'), dim('rules')),
		'\n',
	].join('');
}
