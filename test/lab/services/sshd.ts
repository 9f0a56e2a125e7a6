// A real sshd on a host: Debian's, unpacked and not installed, as installing it would let people into this machine.
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import type { Namespace, Result } from '../net/namespace.ts';
import { createScratch, removeStaleScratches } from '../net/scratch.ts';

const cache = new URL('../../../.cache', import.meta.url).pathname;
const packages = ['openssh-server', 'libwrap0'];

export interface Sshd extends Disposable {
	/** A command over SSH, as root, from another host; with nothing in its environment but what sshd and sh put there. */
	readonly from: (there: Namespace, address: string, command: string) => Result;
	/** What is typed into a shell over SSH is its standard input. */
	readonly open: (there: Namespace, address: string, command: string) => ReturnType<Namespace['spawn']>;
}

/** Listens on all addresses of the host, with a password file and a /run of its own. */
export async function startSshd(host: Namespace, port: number): Promise<Sshd> {
	const root = await findSshd();
	using stack = new DisposableStack();
	const { path } = stack.use(createScratch('sshd'));
	for (const key of ['host', 'user'])
		await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(path, key)]);
	const config = join(path, 'config');
	writeFileSync(config, renderConfig(path, port));
	const child = host.spawn('unshare', ['-m', 'sh', '-ec', inside, 'sh', path, `${root}/usr/sbin/sshd`, config], {
		env: { ...process.env, LD_LIBRARY_PATH: libraries(root) },
		stdio: ['ignore', 'ignore', 'pipe'],
		cwd: '/',
	});
	stack.defer(() => child.kill('SIGKILL'));
	let log = '';
	child.stderr?.on('data', (part) => {
		log += part;
	});
	while (!log.includes('listening on 0.0.0.0') || !log.includes('listening on ::')) {
		if (child.exitCode !== null) throw new Error(`sshd has ended: ${log}`);
		await sleep(20);
	}
	const words = (address: string, command: string) => [...client(path, port), `root@${address}`, command];
	const kept = stack.move();
	return {
		from: (there, address, command) => there.tryRun('ssh', words(address, command), { timeoutMs: 60_000 }),
		open: (there, address, command) =>
			there.spawn('ssh', words(address, command), { stdio: ['pipe', 'pipe', 'inherit'] }),
		[Symbol.dispose]: () => kept.dispose(),
	};
}

/** What a login finds is this host's; the user that sshd keeps its unprivileged half under is made up. */
const inside = `
	{ cat /etc/passwd; echo 'sshd:x:65533:65533::/run/sshd:/bin/false'; } >"$1/passwd"
	mount --bind "$1/passwd" /etc/passwd
	mount -t tmpfs none /run
	mkdir -m 755 /run/sshd
	exec "$2" -D -e -f "$3"`;

const renderConfig = (path: string, port: number): string => `
Port ${port}
HostKey ${join(path, 'host')}
AuthorizedKeysFile ${join(path, 'user.pub')}
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
PidFile none
`;

const client = (path: string, port: number): string[] => [
	...['-F', 'none', '-i', join(path, 'user'), '-p', String(port), '-o', 'BatchMode=yes', '-o', 'LogLevel=ERROR'],
	...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
];

/** One folder, by the name of the architecture. */
const libraries = (root: string): string =>
	readdirSync(join(root, 'usr/lib'))
		.map((folder) => join(root, 'usr/lib', folder))
		.join(':');

/** Where it is unpacked; downloaded once per checkout. */
async function findSshd(folder = cache): Promise<string> {
	const path = join(folder, 'sshd');
	if (existsSync(path)) return path;
	mkdirSync(folder, { recursive: true });
	removeStaleScratches(folder);
	using scratch = createScratch('sshd', folder);
	const root = join(scratch.path, 'root');
	// As root apt wants to become another user, who cannot write here.
	const download = () =>
		execa('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', ...packages], { cwd: scratch.path });
	await download().catch(async () => {
		await execa('apt-get', ['-qq', 'update']);
		await download();
	});
	for (const file of readdirSync(scratch.path).filter((name) => name.endsWith('.deb')))
		await execa('dpkg-deb', ['-x', join(scratch.path, file), root]);
	try {
		renameSync(root, path);
	} catch (error) {
		// A second suite was faster.
		if (!existsSync(path)) throw error;
	}
	return path;
}
