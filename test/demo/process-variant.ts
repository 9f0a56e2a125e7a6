// The demo with an Envoy that turnout runs as a process.
import { startTurnout } from './daemon.ts';
import { placeEnvoy } from './envoy-place.ts';
import { renderPicture } from './picture.ts';
import { processChart } from './rows.ts';
import { writeSettings } from './settings.ts';
import { type DemoOptions, type Place, say, step, type Variant } from './stage.ts';
import { createWorld } from './world.ts';

export const processVariant: Variant = {
	chart: processChart,
	picture: renderPicture,
	next: [
		['scripts/demo --keep', "the same, then you at turnout's prompt on the host"],
		['scripts/demo --docker', 'Envoy in Docker: pulled, and replaced under load'],
		['dist/turnout --help', 'all commands; README.md leads through a real host'],
	],
	open,
};

async function open({ screen, scratch }: DemoOptions): Promise<Place> {
	screen.tell('Looking for Envoy; the first time it is downloaded …');
	const envoy = { runtime: 'process', command: await placeEnvoy(scratch.path) };
	const settings = writeSettings(scratch.path, envoy);
	screen.tell("Making the host, the remote and two containers, with Docker's rules …");
	const world = await createWorld();
	const { host } = world.lab;
	return {
		host,
		settings,
		actors: world.cast,
		async start(stage) {
			const startMs = performance.now();
			const daemon = await startTurnout(host, settings);
			if (stage !== undefined) step(stage, '$ turnout run', startMs);
			return daemon;
		},
		acts: [say('enable', 'enabled'), say('disable', 'disabled')],
		afterwards: () => undefined,
		hints: { prompt: [], shell: [] },
		[Symbol.asyncDispose]: async () => world[Symbol.dispose](),
	};
}
