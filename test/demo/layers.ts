// An image as two layers, as AWS's own is built: a system below, Envoy above.
import { execFileSync, spawn } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { librariesOf, passwd } from '../lab/services/image.ts';

/** Both digests as an image's documents want them: of the packed layer, and of what is in it. */
export interface Layer {
	readonly path: string;
	readonly digest: string;
	readonly diffId: string;
	readonly size: number;
}

/** Where programIn looks for it in an image of this name. */
export const ENVOY = '/usr/bin/envoy';

/** What Envoy needs of a system; `release` makes one that differs from another. */
export async function packSystem(folder: string, program: string, release: string): Promise<Layer> {
	const root = join(folder, `system-${release}`);
	for (const path of ['tmp', 'etc']) mkdirSync(join(root, path), { recursive: true });
	writeFileSync(join(root, 'etc/passwd'), passwd);
	writeFileSync(join(root, 'etc/os-release'), `NAME=demo\nVERSION_ID=${release}\n`);
	execFileSync('chmod', ['1777', join(root, 'tmp')]);
	const libraries = librariesOf(program).map((path) => path.slice(1));
	return pack(`${root}.tar.gz`, ['-C', root, '.', '-C', '/', ...libraries]);
}

export const packEnvoy = (folder: string, program: string): Promise<Layer> =>
	pack(join(folder, 'envoy.tar.gz'), [
		'--transform',
		`flags=r;s|^${program.slice(1)}$|${ENVOY.slice(1)}|`,
		'-C',
		'/',
		program.slice(1),
	]);

async function pack(path: string, args: readonly string[]): Promise<Layer> {
	const [bare, packed] = [createHash('sha256'), createHash('sha256')];
	const tar = spawn('tar', ['-chf', '-', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
	const ended = once(tar, 'exit');
	// It is to be there soon, and not to be small.
	const gzip = createGzip({ level: 1 });
	await pipeline(tar.stdout, hashing(bare), gzip, hashing(packed), createWriteStream(path));
	const [code] = await ended;
	if (code !== 0) throw new Error(`Cannot pack ${path}: tar ends with ${code}`);
	return { path, digest: textOf(packed), diffId: textOf(bare), size: statSync(path).size };
}

const hashing = (hash: Hash) =>
	async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
		for await (const part of source) {
			hash.update(part);
			yield part;
		}
	};

const textOf = (hash: Hash): string => `sha256:${hash.digest('hex')}`;
