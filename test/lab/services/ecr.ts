// Amazon's ECR as far as a login goes: moto's server, from the one package registry that holds it.
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { untilExit } from '../net/cleanup.ts';
import type { Namespace } from '../net/namespace.ts';
import { createScratch, removeStaleScratches } from '../net/scratch.ts';
import { suspend } from '../net/suspend.ts';
import { isListening } from './registry.ts';

const release = '5.2.5';
const cache = new URL('../../../.cache', import.meta.url).pathname;
const PORT = 5555;

export interface Ecr extends Disposable {
	/** For a process that is to take it for AWS; without credentials. */
	readonly env: Readonly<Record<string, string>>;
	/** How many requests it has answered. */
	readonly answers: () => number;
	/** Keeps its connections open and answers none. */
	readonly stall: () => void;
	readonly resume: () => void;
	/** From now on requests need credentials, as with AWS. */
	readonly requireCredentials: () => void;
	/** A user of its own with an access key; `mayLogin`: who is allowed ecr:GetAuthorizationToken. Before the above. */
	readonly createUser: (name: string, mayLogin: boolean) => Credentials;
}

export interface Credentials {
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
}

/** What moto's ECR gives to everybody for an account's registry. */
export const ecrAccount = (account: string) => ({ username: 'AWS', password: `${account}-auth-token` });

export async function startEcr(host: Namespace): Promise<Ecr> {
	const packages = await findMoto();
	using stack = new DisposableStack();
	const { path: folder } = stack.use(createScratch('ecr'));
	const log = join(folder, 'log');
	const child = spawnMoto(host, packages, log);
	stack.defer(untilExit(() => void child.kill('SIGKILL')));
	const read = (): string => readFileSync(log, 'utf8');
	await untilListening(host, child, read);
	const kept = stack.move();
	return {
		env: { AWS_ENDPOINT_URL_ECR: `http://127.0.0.1:${PORT}` },
		answers: () => [...read().matchAll(/"POST \/ HTTP/g)].length,
		stall: () => suspend(child.pid),
		resume: () => void child.kill('SIGCONT'),
		requireCredentials: () => void call(host, '/moto-api/reset-auth', '0'),
		createUser: (name, mayLogin) => createUser(host, name, mayLogin),
		[Symbol.dispose]: () => kept.dispose(),
	};
}

/** The folder of moto and all that it needs; installed once per checkout. */
export async function findMoto(folder = cache): Promise<string> {
	const kept = join(folder, `moto-${release}`);
	if (!existsSync(kept)) await installMoto(kept, folder);
	return kept;
}

async function installMoto(path: string, folder: string): Promise<void> {
	mkdirSync(folder, { recursive: true });
	removeStaleScratches(folder);
	// Beside its place, so that it can be put there in one step.
	using scratch = createScratch('moto', folder);
	const packages = join(scratch.path, 'packages');
	// Of moto's own bundle for servers only what ECR and IAM need: a third of its size.
	const wanted = [`moto==${release}`, 'flask', 'flask-cors'];
	await execa('python3', ['-m', 'pip', 'install', '--quiet', '--no-input', '--target', packages, ...wanted]);
	try {
		renameSync(packages, path);
	} catch (error) {
		// A second suite was faster.
		if (!existsSync(path)) throw error;
	}
}

function spawnMoto(host: Namespace, packages: string, path: string): ChildProcess {
	const log = openSync(path, 'a');
	const env = { ...process.env, PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' };
	try {
		const args = ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(PORT)];
		return host.spawn('python3', args, { stdio: ['ignore', log, log], env });
	} finally {
		closeSync(log);
	}
}

async function untilListening(host: Namespace, child: ChildProcess, log: () => string): Promise<void> {
	const deadline = performance.now() + 180_000;
	while (!isListening(host, PORT)) {
		const isOver = child.exitCode !== null || child.signalCode !== null || performance.now() > deadline;
		if (isOver) throw new Error(`moto does not start:\n${log()}`);
		await sleep(50);
	}
}

const policy = JSON.stringify({
	Version: '2012-10-17',
	Statement: [{ Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' }],
});

function createUser(host: Namespace, name: string, mayLogin: boolean): Credentials {
	const iam = (action: string, more: Readonly<Record<string, string>> = {}): string => {
		const words = { Action: action, Version: '2010-05-08', UserName: name, ...more };
		return call(host, '/', String(new URLSearchParams(words)));
	};
	iam('CreateUser');
	if (mayLogin) iam('PutUserPolicy', { PolicyName: 'login', PolicyDocument: policy });
	const made = iam('CreateAccessKey');
	const field = (tag: string): string => new RegExp(`<${tag}>(.*?)</${tag}>`).exec(made)?.[1] ?? '';
	return { accessKeyId: field('AccessKeyId'), secretAccessKey: field('SecretAccessKey') };
}

/** That IAM is meant stands in the signature; before credentials are required nobody checks it. */
function call(host: Namespace, path: string, body: string): string {
	const signature =
		'AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/iam/aws4_request, SignedHeaders=any, Signature=any';
	const program = `
		const { url, body, signature } = JSON.parse(process.argv[1]);
		const form = url.endsWith('/') ? 'application/x-www-form-urlencoded' : 'text/plain';
		const headers = { authorization: signature, 'content-type': form };
		const reply = await fetch(url, { method: 'POST', body, headers });
		if (!reply.ok) throw new Error(reply.status + ' ' + (await reply.text()));
		process.stdout.write(await reply.text());`;
	const question = JSON.stringify({ url: `http://127.0.0.1:${PORT}${path}`, body, signature });
	return host.run(process.execPath, ['--input-type=module', '--eval', program, '--', question]);
}
