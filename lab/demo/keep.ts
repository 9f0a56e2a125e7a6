// The visitor at turnout's prompt on the demo's host, until they leave it.
import { once } from 'node:events';
import { addresses } from '../layout.ts';
import { type TestDaemon, turnoutProgram } from '../turnout.ts';
import type { Colours } from './colours.ts';
import type { World } from './world.ts';

export interface Visit {
	readonly world: World;
	readonly daemon: TestDaemon;
	readonly settings: string;
}

export async function keepAtPrompt(visit: Visit, colours: Colours): Promise<void> {
	process.stdout.write(hints(visit, colours));
	const { world, daemon } = visit;
	const prompt = world.lab.host.spawn(turnoutProgram, ['prompt', '--socket', daemon.socket], { stdio: 'inherit' });
	await once(prompt, 'exit');
}

/** Bash opens connections by itself, so that a host without any client can follow too; an actor's pid is its host's name. */
function hints({ world, settings }: Visit, { bold, dim }: Colours): string {
	const { app, world: remote } = world.cast;
	const sudo = process.env['SUDO_USER'] === undefined ? '' : 'sudo ';
	const enter = (pid: number, command: string) => `${sudo}nsenter -n -t ${pid} ${command}`;
	const dial = (address: string, port: number) => `bash -c 'cat < /dev/tcp/${address}/${port}'`;
	const line = (what: string, why: string) => `  ${bold(what.padEnd(18))} ${why}\n`;
	return [
		`\n${bold('turnout runs on the little host again, and this is its prompt.')} Try:\n`,
		line('enable', 'traffic goes through Envoy; disable: directly again'),
		line('status', 'what is wanted, what is, what is wrong and the remedy'),
		line('logs --tail 5', "Envoy's line for each connection"),
		line('reload', `after a change of ${settings}`),
		line('quit', 'leave; everything is then taken down'),
		'\nFrom another terminal, as root; who answers says its name:\n',
		`  ${enter(app.pid, dial(addresses.remote.v4, 443))} ${dim('out')}\n`,
		`  ${enter(remote.pid, dial(addresses.host.v4, 8081))} ${dim('in')}\n`,
		`  ${enter(app.pid, 'iptables-save')} ${dim('the rules')}\n\n`,
	].join('');
}
