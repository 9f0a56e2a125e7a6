import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Failure } from '../../failure.ts';
import { bytesOf, showAddress } from '../../values/cidr.ts';
import type { Family } from '../../values/units.ts';
import { readTranslation } from '../conntrack/lookup.ts';
import { readOpen, type TcpSocket, unmapV4 } from '../netlink/sock-diag.ts';
import { readListeners } from './listeners.ts';
import { ownerOf } from './procfs.ts';

export interface ProbeTarget {
	readonly family: Family;
	readonly address: string;
	readonly port: number;
	readonly uid: number;
	readonly gid: number;
}

export interface Probed {
	/** What became of it: `answered`, or the system's word for why not, such as `ECONNREFUSED`. */
	readonly outcome: string;
	/** Who has accepted it; '' where nobody has. */
	readonly by: string;
	/** The port of this host that it was redirected to. */
	readonly redirectedTo?: number;
}

const TIMEOUT_MS = 3_000;
const NODE_OPTIONS = ['--no-warnings', '--eval'];

/** Run by Node as the user that is asked about, who may not be able to read our own files. Open until its input ends. */
const PROGRAM = `
const [address, port, ms] = process.argv.slice(1);
const socket = require('node:net').connect({ host: address, port: Number(port), family: address.includes(':') ? 6 : 4 });
const say = (word) => process.stdout.write(JSON.stringify(word) + '\\n');
const late = setTimeout(() => { say({ error: 'ETIMEDOUT' }); process.exit(); }, Number(ms));
socket.on('connect', () => { clearTimeout(late); say({ address: socket.localAddress, port: socket.localPort }); });
socket.on('error', ({ code }) => { clearTimeout(late); say({ error: code }); process.exit(); });
process.stdin.resume().on('end', () => process.exit());`;

/** Makes a connection as this user, and asks the kernel who has it. */
export async function probe(target: ProbeTarget): Promise<Probed> {
	const { address, port, uid, gid } = target;
	const isOwn = uid === process.getuid?.() && gid === process.getgid?.();
	const child = spawn(process.execPath, [...NODE_OPTIONS, PROGRAM, '--', address, String(port), String(TIMEOUT_MS)], {
		...{ cwd: '/', env: {}, stdio: ['pipe', 'pipe', 'ignore'] },
		...(isOwn ? {} : { uid, gid }),
	});
	try {
		await once(child, 'spawn').catch((cause) => {
			throw refused(uid, cause);
		});
		const [line = '{}'] = await Promise.race([
			once(createInterface(child.stdout), 'line'),
			once(child, 'exit').then(() => []),
		]);
		const said = JSON.parse(String(line)) as Partial<Record<'error' | 'address', string>> & { readonly port?: number };
		if (said.port === undefined || said.address === undefined) return { outcome: said.error ?? 'failed', by: '' };
		return await accepted(target, { address: said.address, port: said.port });
	} finally {
		child.stdin.end();
		child.kill('SIGKILL');
	}
}

const refused = (uid: number, { message }: Error): Failure =>
	new Failure('permission', `Cannot probe as user ${uid}: ${message}`, 'Use sudo, or leave out --user');

interface End {
	readonly address: string;
	readonly port: number;
}

/** By conntrack, where it is redirected to; by the table of sockets, whose the other end is. */
async function accepted({ family, address, port }: ProbeTarget, own: End): Promise<Probed> {
	const bytes = (text: string) => Buffer.from(bytesOf(family, text));
	const tuple = { from: bytes(own.address), fromPort: own.port, to: bytes(address), toPort: port };
	const translated = await readTranslation(tuple);
	const to =
		translated === undefined ? { address, port } : { address: show(translated.from), port: translated.fromPort };
	const isRedirected = translated !== undefined && (await isListening(to.port));
	const holder = await holderOf(to, own);
	const by = holder ?? `whoever is at ${to.address.includes(':') ? `[${to.address}]` : to.address}:${to.port}`;
	return { outcome: 'answered', by, ...(isRedirected && holder !== undefined ? { redirectedTo: to.port } : {}) };
}

const show = (bytes: Buffer): string => showAddress(bytes.length === 4 ? 'ipv4' : 'ipv6', [...bytes]);

const isListening = async (port: number): Promise<boolean> =>
	(await readListeners()).some((listener) => listener.port === port);

/** The process on this host that has the other end, or that will accept it; undefined: it is not here. */
async function holderOf(to: End, from: End): Promise<string | undefined> {
	const sockets = (await readOpen()).map(unmapV4);
	const isOther = (socket: TcpSocket) =>
		socket.port === to.port && socket.remotePort === from.port && show(socket.to) === from.address;
	const found = sockets.find(isOther);
	if (found === undefined) return undefined;
	if (found.inode !== '0') return ownerOf(found.inode);
	return (await readListeners()).find(({ port }) => port === to.port)?.owner();
}
