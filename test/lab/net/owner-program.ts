// A process of its own that has made a host with its peers, for tests that then do something to it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { listNamespaces } from './namespace.ts';

const here = new URL('./', import.meta.url).href;

const program = `
import { createHost } from '${here}host.ts';
import { createPeers } from '${here}peers.ts';
const host = createHost();
const peers = await createPeers(host);
console.log('ready');
setInterval(() => {}, 1000);
if (process.argv[1] === 'fail') throw new Error('a test fails');
`;

export interface Owner {
	readonly child: ChildProcess;
	/** As a terminal does: to the process and all that it has started. */
	readonly signal: (signal: NodeJS.Signals) => void;
	/** Resolves to the exit code, or the signal's name. */
	readonly ended: Promise<number | string>;
}

export async function startOwner(mode: 'wait' | 'fail' = 'wait'): Promise<Owner> {
	const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '--eval', program, '--', mode], {
		stdio: ['ignore', 'pipe', 'ignore'],
		detached: true,
	});
	const ended = once(child, 'exit').then(([code, signal]) => code ?? signal);
	const early = ended.then((how) => {
		throw new Error(`The owner has ended before it was ready: ${how}`);
	});
	await Promise.race([once(child.stdout, 'data'), early]);
	const { pid = Number.NaN } = child;
	return { child, ended, signal: (signal) => void process.kill(-pid, signal) };
}

export const namespacesOf = ({ child }: Owner): string[] =>
	listNamespaces().filter((name) => name.startsWith(`turnout-${child.pid}-`));
