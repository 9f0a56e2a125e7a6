import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { nativeParts } from '../../scripts/native-parts.ts';

const root = join(import.meta.dirname, '../..');
const src = join(root, 'src');

export const source = join(src, 'main.ts');

export interface Bundles {
	/** Every module is loaded when a command first needs it. */
	readonly lazy: string;
	/** Every module is loaded before the first command is looked at. */
	readonly eager: string;
}

/** The program twice in one folder, as `scripts/build` bundles it but for V8's compiled code, to tell the two apart. */
export async function writeBundles(folder: string): Promise<Bundles> {
	const all = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
	const others = all.map((name) => join(src, name)).filter((path) => path !== source);
	for (const name of Object.keys(nativeParts)) copyFileSync(join(root, 'dist/lib', name), join(folder, name));
	const [lazy, eager] = [join(folder, 'lazy.cjs'), join(folder, 'eager.cjs')];
	await Promise.all([writeBundle(lazy, [source]), writeBundle(eager, [...others, source])]);
	return { lazy, eager };
}

async function writeBundle(outfile: string, modules: readonly string[]): Promise<void> {
	await build({
		stdin: { contents: modules.map((path) => `import ${JSON.stringify(path)};`).join('\n'), resolveDir: root },
		outfile,
		bundle: true,
		platform: 'node',
		target: 'node24',
		format: 'cjs',
		minify: true,
		legalComments: 'none',
		define: { 'import.meta.dirname': '__dirname' },
		alias: {
			'node-gyp-build': join(root, 'scripts/native.cjs'),
			'jsonc-parser': 'jsonc-parser/lib/esm/main.js',
		},
		external: ['dockerode', '@aws-sdk/client-ecr'],
		logLevel: 'warning',
	});
}
