// `turnout control` as it was built, as a user who may do nothing else.
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Namespace } from '../lab/net/namespace.ts';
import { askSocket } from '../lab/net/socket.ts';
import { turnoutProgram } from '../lab/turnout.ts';

/** And group. */
export const NOBODY = 65_534;

/** Its definitions are in `mesh` of a folder of its own, and it answers on a socket there, unless `args` say otherwise. */
export async function startControl(host: Pick<Namespace, 'spawn'>, folder: string, ...args: readonly string[]) {
	const socket = join(folder, 'socket');
	const own = [
		...(args.includes('--definitions') ? [] : ['--definitions', join(folder, 'mesh')]),
		...(args.includes('--listen') ? [] : ['--listen', socket]),
	];
	const child = host.spawn(turnoutProgram, ['control', ...own, ...args], { uid: NOBODY, gid: NOBODY });
	let log = '';
	child.stderr?.on('data', (part) => {
		log += part;
	});
	const ended = once(child, 'close');
	while (!log.includes('"event":"serving"') && child.exitCode === null) await sleep(5);
	if (child.exitCode !== null) await ended;
	const ask = async (method: string, path: string, body?: object) => {
		const text = body === undefined ? '' : JSON.stringify(body);
		return JSON.parse((await askSocket(socket, method, `/v20190125${path}`, text, { host: 'localhost' })).text);
	};
	const stop = async (signal: 'SIGTERM' | 'SIGKILL') => {
		child.kill(signal);
		await ended;
		return child.exitCode;
	};
	return { child, socket, ask, stop, log: () => log, [Symbol.asyncDispose]: async () => void (await stop('SIGKILL')) };
}
