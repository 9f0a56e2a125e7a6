import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface NativePart {
	/** gcc, g++, or that of another processor. */
	readonly compiler: string;
	/** What the compiler reads from standard input, or files, with those that they include. */
	readonly source: string | readonly string[];
	/** Beside what every part for Node needs. */
	readonly args: readonly string[];
}

/** The headers are those of the very Node that is going to load it; they come with its package, and are alike for all processors. */
const headers = join(import.meta.dirname, `../node_modules/node/node_modules/node-linux-${process.arch}/include/node`);

/** `built`, compiled anew where it is not there or is of another source or Node. */
export function compiledOnce(built: string, { compiler, source, args }: NativePart): string {
	const text = typeof source === 'string' ? source : source.map((path) => readFileSync(path, 'utf8')).join('');
	const digest = createHash('sha256')
		.update([text, ...args, process.version].join('\n'))
		.digest('hex');
	const mark = `${built}.of`;
	if (existsSync(built) && existsSync(mark) && readFileSync(mark, 'utf8') === digest) return built;
	mkdirSync(dirname(built), { recursive: true });
	const draft = `${built}.draft.${process.pid}`;
	const files = typeof source === 'string' ? ['-'] : source.filter((path) => !path.endsWith('.h'));
	const all = [...args, '-O2', '-shared', '-fPIC', '-fvisibility=hidden', `-I${headers}`, ...files, '-o', draft];
	const { status, error, stderr } = spawnSync(compiler, all, { input: text, encoding: 'utf8' });
	if (error !== undefined) throw cannotCompile(built, `there is no ${compiler} (${error.message})`);
	if (status !== 0) throw cannotCompile(built, `${compiler} says\n${stderr}`);
	renameSync(draft, built);
	writeFileSync(mark, digest);
	return built;
}

const cannotCompile = (built: string, why: string): Error =>
	new Error(`Cannot compile ${built}: ${why}. \`scripts/setup\` installs what is needed`);
