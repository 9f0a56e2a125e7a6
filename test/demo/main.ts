// The demo's executable, and its only file that acts when it is loaded. `scripts/demo` has looked at the arguments.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createScratch } from '../lab/net/scratch.ts';
import { forgetSettings } from './daemon.ts';
import { runDemo } from './demo.ts';
import { openDockerSetup } from './docker.ts';
import { runMeshDemo } from './mesh.ts';
import { openProcessSetup } from './process.ts';
import { createScreen } from './screen.ts';

/** As a program that SIGPIPE has ended: whoever pipes us into `head` has seen enough. */
const READ_NO_FURTHER = 141;
process.stdout.on('error', () => process.exit(READ_NO_FURTHER));
forgetSettings(process.env);
process.exitCode = await main(process.argv.slice(2)).catch(failed);

async function main(words: readonly string[]): Promise<number> {
	using scratch = createScratch('demo');
	// Behind the lab's own listener, so that it is true when it is said.
	process.on('exit', (code) => {
		if (code > 128 && code !== READ_NO_FURTHER) process.stderr.write('\nStopped. Everything is taken down.\n');
	});
	using screen = createScreen(process.stdout, process.env);
	if (words.includes('--mesh')) return (await runMeshDemo(screen, scratch.path)) ? 0 : 1;
	if (words.includes('--fleet')) {
		const { runFleetDemo } = await import('./fleet.ts');
		return (await runFleetDemo(screen, scratch.path)) ? 0 : 1;
	}
	const [keep, isDocker] = [words.includes('--keep'), words.includes('--docker')];
	const options = { keep, isDocker, screen, folder: scratch.path };
	return (await runDemo(options, isDocker ? openDockerSetup : openProcessSetup)) ? 0 : 1;
}

/** A Ctrl-C reaches our children as well, and first shows as their failure: it gets a turn to end us. */
async function failed(error: unknown): Promise<number> {
	await nextTurn();
	process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
	return 1;
}
