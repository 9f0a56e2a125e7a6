import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../failure.ts';
import { oneLine, quote } from '../../lib/escape.ts';
import { fewAtATime } from '../../lib/few-at-a-time.ts';
import { runLight } from '../process/command.ts';
import { findProgram } from '../process/find-program.ts';
import { hasTimedOut } from '../process/runner.ts';

/** Each takes some 30 MB, and a processor. */
const AT_A_TIME = 2;
/** Thousands of services take a second or so. */
const LIMIT_MS = 30_000;

export interface Validation {
	readonly node: string;
	/** Envoy's reason; '' if it takes the bootstrap. */
	readonly problem: string;
}

/** What `envoy --mode validate` says, which opens no socket. Nothing stays behind. */
export async function validateBootstraps(
	command: string,
	bootstraps: ReadonlyMap<string, object>,
	signal: AbortSignal,
): Promise<Validation[]> {
	const program = findProgram(command);
	if (program === undefined) throw noEnvoy(command);
	const folder = mkdtempSync(join(tmpdir(), 'turnout-validate-'));
	try {
		const all = [...bootstraps].map(([node, bootstrap], at) => ({ node, bootstrap, path: join(folder, `${at}.json`) }));
		return await fewAtATime(all, AT_A_TIME, async ({ node, bootstrap, path }) => {
			writeFileSync(path, JSON.stringify(bootstrap), { mode: 0o600 });
			return { node, problem: await problemOf(program, path, signal) };
		});
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

const noEnvoy = (command: string): Failure =>
	new Failure(
		'envoy',
		`Cannot ask Envoy: there is no program ${quote(command)}`,
		'Name it with --envoy-command, or by envoy.command (TURNOUT_ENVOY_COMMAND)',
	);

async function problemOf(program: string, path: string, signal: AbortSignal): Promise<string> {
	const args = ['--mode', 'validate', '-c', path, '--disable-hot-restart', '-l', 'critical', '--log-format', '%v'];
	try {
		const { code, stderr } = await runLight(program, args, { timeoutMs: LIMIT_MS }, signal);
		if (code === 0) return '';
		const said = oneLine(stderr).replace(`error initializing configuration '${path}': `, '');
		return said === '' ? `it ends with ${code} and says nothing` : said;
	} catch (error) {
		if (hasTimedOut(error)) return `it has not answered within ${LIMIT_MS / 1_000} s`;
		throw error;
	}
}
