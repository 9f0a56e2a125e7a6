import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ownProgram } from '../process/self.ts';

/** The files of the console's page, by name. They lie beside the program; undefined: it was built without them. */
export function readPage(): ReadonlyMap<string, Uint8Array> | undefined {
	const folder = join(dirname(ownProgram()[1] ?? ''), 'page');
	try {
		return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
	} catch {
		return undefined;
	}
}
