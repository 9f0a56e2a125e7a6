// The documentation as its tests see it.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export const root = join(import.meta.dirname, '../..');

export interface Page {
	/** Below the repository's root. */
	readonly path: string;
	readonly text: string;
}

export interface Block {
	/** What stands behind the fence. */
	readonly language: string;
	/** Without the indentation that all of it has. */
	readonly text: string;
}

export function readPages(): readonly Page[] {
	const names = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
	const paths = ['README.md', ...names.map((name) => `docs/${name}`)];
	return paths.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

export const blocksOf = ({ text }: Page): Block[] =>
	[...text.matchAll(/^([ \t]*)```(\w*)\n(.*?)^\1```$/gms)].map(([, indent = '', language = '', inner = '']) => ({
		language,
		text: inner.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
	}));

/** What is written as code: between backticks, or a line of a block that is no other language's. */
export function codeOf(page: Page): string[] {
	const spans = [...page.text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
	const lines = blocksOf(page)
		.filter(({ language }) => language === '')
		.flatMap(({ text }) => text.split('\n'));
	return [...spans, ...lines];
}

/** The shell commands of a page, by the comment that they begin with. */
export function commandsOf(path: string, comment: string): string {
	const page = readPages().find((each) => each.path === path);
	const found = page && blocksOf(page).find(({ text }) => text.startsWith(`# ${comment}\n`));
	if (found === undefined) throw new Error(`${path} has no block "# ${comment}"`);
	return found.text;
}

/** Links to files of ours, as paths below the root. */
export const linksOf = ({ path, text }: Page): string[] =>
	[...text.matchAll(/\]\(([^)\s]+)\)/g)]
		.map(([, target = '']) => target)
		.filter((target) => !/^https?:/.test(target))
		.map((target) => relative('.', join(dirname(path), target.replace(/#.*$/, ''))));
