// A program that stands in front of a system's own in PATH, and does something else where the real one would change rules.
import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createScratch } from '../lab/net/scratch.ts';

export interface Wrappers extends Disposable {
	/** What a program is to run under, to find the wrappers first. */
	readonly env: { readonly PATH: string };
	/** How often one of them has done something else. */
	readonly strikes: () => number;
}

/** By the program's name: lines of sh, with the real program as "$real". */
export function createWrappers(scripts: Readonly<Record<string, string>>): Wrappers {
	const scratch = createScratch('wrapper');
	for (const [name, script] of Object.entries(scripts)) {
		writeFileSync(join(scratch.path, name), render(name, script, scratch.path));
		chmodSync(join(scratch.path, name), 0o755);
	}
	return {
		env: { PATH: `${scratch.path}:${process.env['PATH']}` },
		strikes: () => readdirSync(scratch.path).filter((name) => name.startsWith('strike-')).length,
		[Symbol.dispose]: () => scratch[Symbol.dispose](),
	};
}

const render = (name: string, script: string, folder: string): string => `#!/bin/sh
real=/usr/sbin/${name}
: > "${folder}/strike-$$"
${script}
`;
