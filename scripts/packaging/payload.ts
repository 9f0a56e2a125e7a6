// What of turnout is made for one processor.
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import about from '../../node_modules/node/package.json' with { type: 'json' };
import { nativeParts } from '../native-parts.ts';
import { root, run } from './run.ts';

/** `triple`: how the names of its compiler and strip begin. */
export const processors = {
	x64: { goName: 'amd64', triple: 'x86_64-linux-gnu' },
	arm64: { goName: 'arm64', triple: 'aarch64-linux-gnu' },
} as const;
export type Processor = keyof typeof processors;
export const knownProcessors = Object.keys(processors) as readonly Processor[];

export const nodeVersion = about.version;

/** /opt/turnout as scripts/build has made it, for another processor too; `codes`: which of V8's compiled code it keeps. */
export function writePayload(processor: Processor, folder: string, codes: readonly string[] = sameCodes): void {
	const lib = join(folder, 'lib');
	const isNative = processor === process.arch;
	mkdirSync(join(folder, '..'), { recursive: true });
	run('cp', ['-R', join(root, 'dist'), folder]);
	// V8 makes code for the processor that it runs on.
	const kept = isNative ? codes : [];
	for (const name of readdirSync(lib).filter((each) => each.endsWith('.code') && !kept.includes(each)))
		rmSync(join(lib, name));
	const natives = Object.keys(nativeParts).map((name) => join(lib, name));
	for (const path of [join(lib, 'node'), ...natives]) rmSync(path);
	const { triple } = processors[processor];
	copyFileSync(isNative ? process.execPath : foreignNode(processor), join(lib, 'node'));
	for (const [name, compiled] of Object.entries(nativeParts))
		copyFileSync(compiled(isNative ? undefined : triple), join(lib, name));
	// A third of Node is names for debuggers.
	run(isNative ? 'strip' : `${triple}-strip`, [join(lib, 'node'), ...natives]);
	run('chmod', ['-R', 'u=rwX,go=rX', folder]);
	run('chmod', ['-x', ...natives]);
}

/** Those that come out the same each time: that of the other commands and of the daemon depends on when what happened. */
export const sameCodes: readonly string[] = ['status.code'];

/** From the same publisher, and of the same version, as the one that scripts/setup installs for this processor. */
function foreignNode(processor: Processor): string {
	const name = `node-linux-${processor}`;
	const folder = join(root, `.cache/${name}-${nodeVersion}`);
	const file = join(folder, 'package/bin/node');
	if (existsSync(file)) return file;
	mkdirSync(folder, { recursive: true });
	run('npm', ['pack', '--silent', '--pack-destination', folder, `${name}@${nodeVersion}`]);
	run('tar', ['-xzf', join(folder, `${name}-${nodeVersion}.tgz`), '-C', folder, 'package/bin/node', 'package/LICENSE']);
	return file;
}
