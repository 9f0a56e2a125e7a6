// turnout's own image, as scripts/image makes it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createScratch } from '../net/scratch.ts';
import type { Docker } from './dockerd.ts';

const root = join(import.meta.dirname, '../../..');

export interface OwnImage {
	/** For all processors that it was made for. */
	readonly archive: string;
	/** What the script has said, a line for each processor. */
	readonly said: string;
}

/** `processors`: this machine's unless given. */
export function makeOwnImage(into: string, processors: readonly string[] = [process.arch]): OwnImage {
	const args = [...processors.flatMap((each) => ['--processor', each]), '--into', into];
	const said = execFileSync(join(root, 'scripts/image'), args, {
		stdio: ['ignore', 'pipe', 'inherit'],
		encoding: 'utf8',
	});
	const archive = readdirSync(into).find((name) => name.endsWith('.oci.tar'));
	if (archive === undefined) throw new Error(`scripts/image has made nothing: ${said}`);
	return { archive: join(into, archive), said };
}

/** As docs/image.md says. */
export function loadOwnImage({ socket }: Docker, { archive }: OwnImage, tag: string): void {
	const to = ['--dest-daemon-host', `unix://${socket}`, `docker-daemon:${tag}`];
	execFileSync('skopeo', ['copy', '--quiet', `oci-archive:${archive}`, ...to], { stdio: 'pipe' });
}

/** Its root file system. `architecture`: as Go names it; this machine's unless given. */
export function unpackOwnImage({ archive }: OwnImage, into: string, architecture?: string): void {
	using scratch = createScratch('layers');
	const other = architecture === undefined ? [] : ['--override-arch', architecture];
	const copy = ['copy', '--quiet', `oci-archive:${archive}`, `dir:${scratch.path}`];
	execFileSync('skopeo', [...other, ...copy], { stdio: 'pipe' });
	const { layers } = JSON.parse(readFileSync(join(scratch.path, 'manifest.json'), 'utf8')) as {
		readonly layers: readonly { readonly digest: string }[];
	};
	mkdirSync(into, { recursive: true });
	for (const { digest } of layers)
		execFileSync('tar', ['-xf', join(scratch.path, basename(digest.replace('sha256:', ''))), '-C', into]);
}
