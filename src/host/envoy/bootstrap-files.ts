import { createHash } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { ProxyFiles } from '../../envoy/runtime.ts';
import { writeOrFail } from '../files/state-file.ts';

/** Named by what is in it: one that Envoy may be started with again is never written over. */
export const bootstrapPath = (directory: string, text: string): string =>
	join(directory, `envoy-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.json`);

const OURS = /^envoy-[0-9a-f]{16}\.json$/;

/** In `directory`; of other files nothing is known. */
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

function namesIn(directory: string): readonly string[] {
	try {
		return readdirSync(directory);
	} catch {
		return [];
	}
}

/** One file too many harms nobody. */
function removeQuietly(path: string): void {
	try {
		rmSync(path, { force: true });
	} catch {
		// It is tried again with the next Envoy.
	}
}
