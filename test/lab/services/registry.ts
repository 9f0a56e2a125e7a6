// A private registry on a host of the lab, on port 80 so that its names carry no port; with a login, if it is given one.
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { execaSync } from 'execa';
import { untilExit } from '../net/cleanup.ts';
import type { Namespace } from '../net/namespace.ts';
import { createScratch } from '../net/scratch.ts';
import { suspend } from '../net/suspend.ts';
import type { Docker } from './dockerd.ts';

export interface Account {
	readonly username: string;
	readonly password: string;
}

export interface Registry extends Disposable {
	readonly folder: string;
	/** What it has logged so far. */
	readonly log: () => string;
	/** From now on only this account is accepted. */
	readonly setAccount: (account: Account) => void;
	/** Keeps its connections open and answers none, as an overloaded one does. */
	readonly stall: () => void;
	readonly resume: () => void;
	readonly stop: () => void;
}

/** `hosts` and `config` of `startDockerd` for a registry that runs on Docker's own host under this name. */
export const registryOptions = (name: string) => ({
	hosts: `127.0.0.1 localhost ${name}\n::1 localhost\n`,
	config: { 'insecure-registries': [name] },
});

export interface RegistryOptions {
	/** 80 unless given. */
	readonly port?: number;
	/** Where it keeps its images, for another one after it that is to have them too. */
	readonly images?: string;
}

export async function startRegistry(
	host: Namespace,
	account?: Account,
	options: RegistryOptions = {},
): Promise<Registry> {
	using stack = new DisposableStack();
	const { path: folder } = stack.use(createScratch('registry'));
	const { port = 80, images = folder } = options;
	const setAccount = (next: Account): void => writeAccount(folder, next);
	if (account !== undefined) setAccount(account);
	writeFileSync(join(folder, 'config.yml'), JSON.stringify(settings(folder, images, account !== undefined, port)));
	const child = spawnRegistry(host, folder);
	const stop = untilExit(() => void child.kill('SIGKILL'));
	stack.defer(stop);
	await untilAnswered(host, child, folder, port);
	const kept = stack.move();
	return {
		folder,
		log: () => readFileSync(join(folder, 'log'), 'utf8'),
		setAccount,
		stall: () => suspend(child.pid),
		resume: () => void child.kill('SIGCONT'),
		stop,
		[Symbol.dispose]: () => kept.dispose(),
	};
}

/**
 * Pushes what Docker has under this tag, with a login that is not stored. Not by Docker's client: it looks the registry up
 * itself, and finds it in no hosts file.
 */
export async function pushImage(docker: Docker, tag: string, account?: Account): Promise<void> {
	const [name = '', version = ''] = splitTag(tag);
	const login = account && { ...account, serveraddress: name.slice(0, name.indexOf('/')) };
	const said = await postImage(docker, `/images/${name}/push?${new URLSearchParams({ tag: version })}`, login);
	if (!said.includes('"aux"')) throw new Error(`Cannot push ${tag}: ${said}`);
}

/** Docker's output of a pull: a JSON object per line. */
export function pullImage(docker: Docker, tag: string, login?: object): Promise<string> {
	const [fromImage = '', version = ''] = splitTag(tag);
	return postImage(docker, `/images/create?${new URLSearchParams({ fromImage, tag: version })}`, login);
}

const splitTag = (tag: string): string[] => tag.split(/:(?=[^/]*$)/);

function postImage({ socket: socketPath }: Docker, path: string, login: object = {}): Promise<string> {
	// Base64 for addresses, but filled up: a login without the last `=` counts as none.
	const auth = Buffer.from(JSON.stringify(login)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
	const headers = { 'x-registry-auth': auth };
	return new Promise((resolve, reject) => {
		request({ socketPath, path, method: 'POST', headers, agent: false }, (reply) => resolve(text(reply)))
			.on('error', reject)
			.end();
	});
}

/** YAML reads JSON. */
const settings = (folder: string, images: string, hasLogin: boolean, port: number): Record<string, unknown> => ({
	version: '0.1',
	log: { level: 'warn', accesslog: { disabled: false } },
	storage: { filesystem: { rootdirectory: join(images, 'data') } },
	http: { addr: `:${port}` },
	...(hasLogin ? { auth: { htpasswd: { realm: 'lab', path: join(folder, 'htpasswd') } } } : {}),
});

/** The password goes by standard input, as a program's arguments are everybody's. */
function writeAccount(folder: string, { username, password }: Account): void {
	const { stdout } = execaSync('htpasswd', ['-niB', '-C', '4', username], { input: password });
	writeFileSync(join(folder, 'htpasswd'), `${stdout}\n`, { mode: 0o600 });
}

function spawnRegistry(host: Namespace, folder: string): ChildProcess {
	const log = openSync(join(folder, 'log'), 'a');
	try {
		return host.spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: ['ignore', log, log] });
	} finally {
		closeSync(log);
	}
}

async function untilAnswered(host: Namespace, child: ChildProcess, folder: string, port: number): Promise<void> {
	const deadline = performance.now() + 120_000;
	while (!isListening(host, port)) {
		const isOver = child.exitCode !== null || child.signalCode !== null || performance.now() > deadline;
		if (isOver) throw new Error(`docker-registry does not start:\n${readFileSync(join(folder, 'log'), 'utf8')}`);
		await sleep(20);
	}
}

/** Whether anybody listens on this TCP port of the host, in either family. */
export const isListening = (host: Namespace, port: number): boolean =>
	host.run('ss', ['-Hltn', `sport = :${port}`]).trim() !== '';
