// Images made from what the machine has, as no registry is within reach of a host of the lab.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { answererProgram } from '../net/answerer.ts';
import { createScratch } from '../net/scratch.ts';
import type { Docker } from './dockerd.ts';

export interface Image {
	readonly tag: string;
	/** On this machine; it goes with the libraries that it needs. */
	readonly program: string;
	/** Where the image has it; where this machine has it unless given. */
	readonly at?: string;
	readonly args?: readonly string[];
	/** More programs, with their libraries, where this machine has them. */
	readonly others?: readonly string[];
	/** More files, by their path in the image. */
	readonly files?: Readonly<Record<string, string>>;
}

/** There is a user 1337 in the image, and a /tmp for it. */
export function importImage(
	{ docker }: Pick<Docker, 'docker'>,
	{ tag, program, at = program, args = [], others = [], files = {} }: Image,
): void {
	using scratch = createScratch('image');
	const root = join(scratch.path, 'root');
	mkdirSync(join(root, 'tmp'), { recursive: true });
	for (const [path, text] of Object.entries({ 'etc/passwd': passwd, ...files })) {
		mkdirSync(join(root, path, '..'), { recursive: true });
		writeFileSync(join(root, path), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
	}
	execaSync('chmod', ['1777', join(root, 'tmp')]);
	const archive = join(scratch.path, 'image.tar');
	const parts = new Set([program, ...others].flatMap((path) => [path, ...librariesOf(path)]));
	const names = [...parts].map((path) => path.slice(1));
	const moved = ['--transform', `flags=r;s|^${program.slice(1)}$|${at.slice(1)}|`];
	execaSync('tar', ['-chf', archive, ...moved, '-C', root, '.', '-C', '/', ...names]);
	docker(['import', '--change', `ENTRYPOINT ${JSON.stringify([at, ...args])}`, archive, tag]);
}

/** An image that answers each connection with a name: the first argument of `docker run`, the second is the port. */
export function importAnswerer(docker: Pick<Docker, 'docker'>, tag = 'answerer:1'): void {
	importImage(docker, { tag, program: '/usr/bin/perl', args: ['/answer.pl'], files: { 'answer.pl': answererProgram } });
}

export const passwd = 'root:x:0:0::/:/\nenvoy:x:1337:1337::/tmp:/\n';

/** As the upstream image: Envoy at the path that is tried first. */
export const importEnvoy = (docker: Docker, program: string, tag = 'envoyproxy/envoy:v1.40.0'): void =>
	importImage(docker, { tag, program, at: '/usr/local/bin/envoy' });

export const librariesOf = (program: string): string[] =>
	[...execaSync('ldd', [program]).stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
