// turnout on the demo's host, as its user would run it: a daemon, and commands to it.
import { dirname } from 'node:path';
import type { Namespace } from '../lab/net/namespace.ts';
import { startDaemon, type TestDaemon, turnoutProgram } from '../lab/turnout.ts';
import { outcomeOf } from '../support/outcome.ts';

/** In the settings' folder, which is there before the host and goes after it. */
export async function startTurnout(
	host: Namespace,
	settings: string,
	env: Readonly<Record<string, string>> = {},
): Promise<TestDaemon> {
	const daemon = await startDaemon(host, { args: ['--config', settings], folder: dirname(settings), env });
	if (daemon.process.exitCode === null && daemon.process.signalCode === null) return daemon;
	throw new Error(`Cannot start turnout run: ${lastLines(daemon.log())}`);
}

/** Settings come from the file alone: what the visitor's own shell sets is none of the demo's business. */
export function forgetSettings(env: NodeJS.ProcessEnv): void {
	for (const name of Object.keys(env))
		if (/^(APPMESH|TURNOUT|ENVOY|LISTENER|AWS|DOCKER)_/.test(name) && name !== 'TURNOUT_TEST_ENVOY') delete env[name];
}

/** What it prints, once it has ended well. */
export async function command(host: Namespace, ...args: readonly string[]): Promise<string> {
	const { code, stdout, stderr } = await outcomeOf(host.spawn(turnoutProgram, args, { stdio: 'pipe' }));
	if (code === 0) return stdout;
	throw new Error(`turnout ${args[0]} ends with ${code}: ${lastLines(stderr) || stdout.trim()}`);
}

export const lastLines = (printed: string): string =>
	printed
		.trim()
		.split(/\s*\n\s*/)
		.slice(-2)
		.join(' ');
