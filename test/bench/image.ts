import { once } from 'node:events';
import { join } from 'node:path';
import type { Host } from '../lab/net/host.ts';
import { createScratch } from '../lab/net/scratch.ts';
import { makeOwnImage, type OwnImage, unpackOwnImage } from '../lab/services/own-image.ts';
import { compare, type Figure } from './figure.ts';
import { createPlace } from './places.ts';
import { turnoutCommand } from './programs.ts';
import { interleave, type Patience } from './samples.ts';
import { type Command, createStopwatch } from './stopwatch.ts';

/**
 * `init` from the image, in its root file system as in a container, beside the one that scripts/build has made. `made`: the
 * image, made anew unless given.
 */
export async function benchImage(patience: Patience, made?: OwnImage): Promise<readonly Figure[]> {
	await using stack = new AsyncDisposableStack();
	const folder = stack.use(createScratch('bench-image')).path;
	const root = join(folder, 'root');
	unpackOwnImage(made ?? makeOwnImage(join(folder, 'image')), root);
	const lab = stack.use(createPlace('nft'));
	const inImage = await enterImage(lab, root, stack);
	const stopwatch = stack.use(createStopwatch(lab.host));
	const take = async (command: Command): Promise<number> => {
		await stopwatch.time(turnoutCommand('clean'));
		return stopwatch.time(command);
	};
	const { image, built } = await interleave(patience, {
		image: () => take(inImage(turnoutCommand('init'))),
		built: () => take(turnoutCommand('init')),
	});
	const reference = { name: 'dist/turnout init', values: built };
	return [compare('init in the image', image, reference, { on: 'ratio', goal: 1, must: 1.3 })];
}

/** Somebody who stays in it, so that a command only has to join, as it has to in a container that a runtime has made. */
async function enterImage(
	lab: Host,
	root: string,
	stack: AsyncDisposableStack,
): Promise<(command: Command) => Command> {
	const holder = lab.host.spawn('unshare', ['--mount', 'sh', '-c', script, 'sh', root], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	stack.defer(() => void holder.kill('SIGKILL'));
	await once(holder, 'spawn');
	if (holder.stdout) await once(holder.stdout, 'data');
	const words = [`--target=${holder.pid}`, '--mount', '--root', '/opt/turnout/turnout'];
	return (command) => ({ ...command, program: 'nsenter', args: [...words, ...command.args] });
}

const script = `
set -e
mount --bind "$1" "$1"
for folder in proc dev sys; do mount --rbind "/$folder" "$1/$folder"; done
mount -o remount,bind,ro "$1"
exec chroot "$1" /opt/turnout/lib/node --eval 'process.stdout.write("here"); setInterval(() => undefined, 1e6)'`;
