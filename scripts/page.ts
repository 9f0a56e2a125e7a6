// Makes the page of `turnout control`: a folder of files that a browser loads, all but the page itself named after their content.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const source = join(root, 'src/console');

/** What each of its files is made of, as esbuild's metafile has it. */
export async function buildPage(folder: string): Promise<readonly string[]> {
	mkdirSync(folder, { recursive: true });
	const { metafile } = await build({
		entryPoints: [join(source, 'main.tsx'), join(source, 'style.css')],
		outdir: folder,
		entryNames: '[name]-[hash]',
		...{ bundle: true, minify: true, format: 'esm', platform: 'browser', metafile: true, absWorkingDir: root },
		// light-dark() of the style sheet came later than all that the script needs.
		target: ['chrome123', 'firefox120', 'safari17.5'],
		...{ jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'linked', logLevel: 'warning' },
		tsconfig: join(source, 'tsconfig.json'),
		// Its main file finds its parts by a `require` that no bundler sees through.
		alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
	});
	const built = Object.entries(metafile.outputs).flatMap(([path, { entryPoint }]) =>
		entryPoint === undefined ? [] : [[basename(entryPoint), basename(path)] as const],
	);
	const icon = readFileSync(join(source, 'icon.svg'));
	const iconName = `icon-${createHash('sha256').update(icon).digest('hex').slice(0, 8)}.svg`;
	writeFileSync(join(folder, iconName), icon);
	const named = new Map([...built, ['icon.svg', iconName] as const]);
	const page = readFileSync(join(source, 'index.html'), 'utf8').replace(
		/(?<=(?:src|href)=")[^"]+/g,
		(name) => named.get(name) ?? name,
	);
	writeFileSync(join(folder, 'index.html'), page);
	return Object.keys(metafile.inputs);
}
