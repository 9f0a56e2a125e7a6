import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compiledOnce } from './compile.ts';
import { netlinkBinding } from './netlink.ts';

const root = join(import.meta.dirname, '..');

/** What lies beside the bundle, by name. `triple`: for another processor, as its compiler's name begins, such as aarch64-linux-gnu. */
export const nativeParts: Readonly<Record<string, (triple?: string) => string>> = {
	'netlink.node': netlinkBinding,
	'run-program.node': runProgramBinding,
};

/** The compiled native/run-program.c. */
export function runProgramBinding(triple?: string): string {
	return compiledOnce(join(root, '.cache/native', triple ?? '', 'run-program.node'), {
		compiler: triple === undefined ? 'gcc' : `${triple}-gcc`,
		source: readFileSync(join(root, 'native/run-program.c'), 'utf8'),
		args: ['-std=c11', '-x', 'c', '-Wall', '-Werror'],
	});
}
