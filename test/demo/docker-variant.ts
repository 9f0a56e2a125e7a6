// The demo with an Envoy that turnout has Docker pull and run.
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKeptClient } from '../bench/kept-client.ts';
import type { TestDaemon } from '../lab/turnout.ts';
import { startTurnout } from './daemon.ts';
import { lookAround, ownContainers, tellLive, update } from './docker-acts.ts';
import { renderDockerPicture } from './docker-picture.ts';
import { dockerChart } from './docker-rows.ts';
import { createDockerWorld, type DockerWorld, images } from './docker-world.ts';
import { watchingPull } from './pull.ts';
import { writeSettings } from './settings.ts';
import { type DemoOptions, fact, type Place, type Stage, say, step, type Variant } from './stage.ts';

export const dockerVariant: Variant = {
	chart: dockerChart,
	picture: renderDockerPicture,
	next: [
		['scripts/demo --docker --keep', "then you at turnout's prompt on the host"],
		['scripts/demo', 'Envoy as a process, and more connections'],
		['dist/turnout --help', 'all commands; README.md: a real host'],
	],
	open,
};

async function open(options: DemoOptions): Promise<Place> {
	const world = await createDockerWorld(options);
	const { lab, docker, actors } = world;
	const envoy = { runtime: 'docker', image: images.v1, dockerSocket: docker.socket };
	const settings = writeSettings(options.scratch.path, envoy);
	return {
		host: lab.host,
		settings,
		actors,
		start: (stage) => start(world, settings, stage),
		acts: [say('enable', 'enabled'), update(world), lookAround(world), say('disable', 'disabled')],
		afterwards: (stage) => tellGone(stage, world),
		hints: {
			prompt: [[`update --image ${images.v1}`, 'the first again']],
			shell: [[`env DOCKER_HOST=${docker.env.DOCKER_HOST} /usr/bin/docker ps`, 'Docker']],
		},
		[Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
	};
}

async function start(world: DockerWorld, settings: string, stage: Stage | undefined): Promise<TestDaemon> {
	const { lab, docker, ecr, metadata } = world;
	const answers = ecr.answers();
	const startMs = performance.now();
	// Nothing of what the visitor has at home: no login, no keys, no settings of AWS's.
	const env = { ...ecr.env, HOME: dirname(settings), DOCKER_CONFIG: docker.env.DOCKER_CONFIG };
	const starting = startTurnout(lab.host, settings, env);
	if (stage === undefined) return starting;
	stage.screen.tell('$ turnout run');
	const socket = join(dirname(settings), 'control.sock');
	const { value: daemon, pulled } = await watchingPull(stage.screen, socket, inTime(starting, socket));
	step(stage, '$ turnout run', startMs);
	const [keys, logins] = [metadata.asked().length, ecr.answers() - answers];
	fact(stage, 'login', `${keys} requests to 169.254.169.254 for the role's keys, ${logins} to ECR with them`);
	fact(stage, 'pulled', pulled);
	await tellLive(stage, docker, daemon);
	return daemon;
}

const PATIENCE_MS = 180_000;

/** A registry that is away is asked again for ever, which nobody wants to watch. */
async function inTime<T>(starting: Promise<T>, socket: string): Promise<T> {
	const over = new AbortController();
	const late = sleep(PATIENCE_MS, undefined, { signal: over.signal }).then(async () => {
		using client = createKeptClient(socket);
		throw new Error(`turnout is not ready after ${PATIENCE_MS / 1_000} s: ${await client.get('/v1/status')}`);
	});
	try {
		return await Promise.race([starting, late]);
	} finally {
		over.abort();
	}
}

function tellGone(stage: Stage, { docker }: DockerWorld): void {
	const left = ownContainers(docker);
	const isTrue = left.length === 0;
	stage.claims.push({
		isTrue,
		text: isTrue ? "Docker has no container of turnout's any more." : `Docker still has ${left.join(', ')}.`,
	});
}
