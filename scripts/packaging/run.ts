// Other programs, as the packages are made with them.
import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

/** What it has printed; throws with what it says if it fails. */
export function run(
	program: string,
	args: readonly string[],
	more: SpawnSyncOptions = {},
	wanted: 'stdout' | 'stderr' = 'stdout',
): string {
	const options = { cwd: root, maxBuffer: 64 << 20, ...more, encoding: 'utf8' } as const;
	const done = spawnSync(program, args, options);
	const { status, error, stdout, stderr } = done;
	if (error !== undefined)
		throw new Error(`There is no ${program} (${error.message}). \`scripts/package\` installs what is needed`);
	if (status !== 0) throw new Error(`${[program, ...args].join(' ')}:\n${stdout}${stderr}`);
	return done[wanted];
}
