import { join } from 'node:path';
import { compiledOnce } from './compile.ts';
import { netlinkBinding } from './netlink.ts';

const root = join(import.meta.dirname, '..');

/** What lies beside the bundle, by name. `triple`: for another processor, as its compiler's name begins, such as aarch64-linux-gnu. */
export const nativeParts: Readonly<Record<string, (triple?: string) => string>> = {
	'netlink.node': netlinkBinding,
	'run-program.node': runProgramBinding,
};

/** The compiled files of native/. */
export function runProgramBinding(triple?: string): string {
	return compiledOnce(join(root, '.cache/native', triple ?? '', 'run-program.node'), {
		compiler: triple === undefined ? 'gcc' : `${triple}-gcc`,
		source: ['program.h', 'program.c', 'run-program.c'].map((name) => join(root, 'native', name)),
		args: ['-std=c11', '-D_GNU_SOURCE', '-DNAPI_VERSION=8', '-Wall', '-Werror'],
	});
}
