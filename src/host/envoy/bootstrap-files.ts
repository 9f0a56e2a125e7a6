import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { ProxyFiles } from '../../envoy/runtime.ts';
import { namesIn, removeQuietly } from '../../lib/fs.ts';
import { writeOrFail } from '../files/state-file.ts';

/** Named by its content: a file that Envoy may be restarted with is never overwritten. */
export const bootstrapPath = (directory: string, text: string): string =>
	join(directory, `envoy-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.json`);

const OURS = /^envoy-[0-9a-f]{16}\.json$/;

/** Writes and removes bootstraps in `directory`, and no other files. */
export const createBootstraps = (directory: string): ProxyFiles => ({
	write(files) {
		// Readable by the user that Envoy runs as.
		for (const [path, text] of Object.entries(files))
			if (dirname(path) === directory && OURS.test(basename(path))) writeOrFail(path, text, 0o644);
	},
	keepOnly(files) {
		for (const name of namesIn(directory))
			if (OURS.test(name) && !Object.hasOwn(files, join(directory, name))) removeQuietly(join(directory, name));
	},
});

/** Those of the Envoys that run here; none where they cannot be read. */
export function readBootstraps(directory: string): readonly string[] {
	try {
		const names = namesIn(directory).filter((name) => OURS.test(name));
		return names.map((name) => readFileSync(join(directory, name), 'utf8'));
	} catch {
		return [];
	}
}
