// Wherever a login comes from, nothing of it is left where somebody may read it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createScratch } from '../../lab/net/scratch.ts';
import { askSocket } from '../../lab/net/socket.ts';
import { ecrAccount, startEcr } from '../../lab/services/ecr.ts';
import { startMetadata } from '../../lab/services/metadata.ts';
import { type Account, isListening, pushImage, startRegistry } from '../../lab/services/registry.ts';
import { type TestDaemon, turnout } from '../../lab/turnout.ts';
import { removeContainers } from '../../support/as-said.ts';
import { createDockerHost, IMAGE, pidIn, untilLive } from '../../support/docker-host.ts';
import { eventually } from '../../support/eventually.ts';
import { readIfThere, type Search, startSearch } from '../../support/secrets.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const ACCOUNT = '123456789012';
const ecrName = `${ACCOUNT}.dkr.ecr.us-west-2.amazonaws.com`;
const name = 'registry.example';
const keys = {
	accessKeyId: 'AKIALABLABLABLABLABL',
	secretAccessKey: 'lab+secret/key+lab+secret/key+lab=secret',
	sessionToken: 'lab-session//token+of+many=letters==',
};
const user = { username: 'ann', password: 'pass:"word"/of+ann' };
const refusing = { username: 'nobody', password: 'another-password' };

describe('nothing secret is to be found', async () => {
	const stack = suiteStack();
	const hosts = `127.0.0.1 localhost ${name} ${ecrName}\n`;
	const place = await createDockerHost(stack, { hosts, config: { 'insecure-registries': [name, ecrName] } });
	const { docker, lab } = place;
	const registry = stack.use(await startRegistry(lab.host, user));
	for (const version of ['v1', 'v2']) {
		docker.docker(['tag', IMAGE, `${name}/envoy:${version}`]);
		await pushImage(docker, `${name}/envoy:${version}`, user);
	}
	const ecr = stack.use(await startEcr(lab.host));
	const { path: home } = stack.use(createScratch('home'));
	mkdirSync(join(home, 'docker'));
	const own = { ...ecr.env, HOME: home, DOCKER_CONFIG: join(home, 'docker') };

	interface Way {
		readonly host: string;
		readonly env: Readonly<Record<string, string>>;
		readonly account: Account;
	}

	const start = ({ host, env }: Way, tag = 'v1', folder?: string): Promise<TestDaemon> =>
		place.start({ logLevel: 'debug', envoy: { image: `${host}/envoy:${tag}`, pull: 'always' } }, folder, {
			env: { ...own, ...env },
		});

	/** A daemon that is refused, one that finds no image, one that becomes LIVE; and all that can be asked of that. */
	async function goThrough(search: Search, way: Way): Promise<void> {
		forget();
		registry.setAccount(refusing);
		await assertFails(search, await start(way), /no basic auth credentials|unauthorized/);
		registry.setAccount(way.account);
		await assertFails(search, await start(way, 'nowhere'), /manifest unknown/);
		await using daemon = await start(way);
		await untilLive(daemon);
		lookAround(search, daemon);
		told(search, daemon, 0, 'update', '--image', `${way.host}/envoy:v2`);
		told(search, daemon, 1, 'update', '--image', `${way.host}/envoy:nowhere`);
		registry.setAccount(refusing);
		told(search, daemon, 1, 'update', '--image', `${way.host}/envoy:v1`);
		place.write({ logLevel: 'debug', envoy: { image: `${way.host}/envoy:nowhere`, pull: 'always' } });
		told(search, daemon, 1, 'reload');
		lookAround(search, daemon);
		await lookByHand(search, daemon);
		process.kill(pidIn(place), 'SIGKILL');
		await eventually(
			async () => (await daemon.readStatus()).envoy,
			({ restarts, state }) => restarts === 1 && state === 'live',
		);
		lookAround(search, daemon);
		assert.equal(await daemon.stop(), 0);
		search.add('log', daemon.log());
		search.addFolder(daemon.folder);
	}

	function forget(): void {
		removeContainers(docker);
		const images = docker.docker(['images', '--quiet', '--no-trunc']).split('\n').filter(Boolean);
		if (images.length > 0) docker.docker(['rmi', '--force', ...new Set(images)]);
	}

	async function assertFails(search: Search, daemon: TestDaemon, says: RegExp): Promise<void> {
		await using failing = daemon;
		assert.equal(await failing.ended, 1, failing.log());
		assert.match(failing.log(), says);
		search.add('the log of a start that fails', failing.log());
		search.addFolder(failing.folder);
	}

	function told(search: Search, daemon: TestDaemon, code: number, ...args: string[]): void {
		const outcome = daemon.ask(...args);
		search.add(args[0] ?? '', outcome.stdout + outcome.stderr);
		assert.equal(outcome.code, code, outcome.stderr);
	}

	function lookAround(search: Search, daemon: TestDaemon): void {
		for (const args of [['status'], ['status', '--json'], ['status', '--raw'], ['logs'], ['diff'], ['wait']])
			told(search, daemon, 0, ...args);
		search.add('log', daemon.log());
		search.add('docker inspect', docker.docker(['inspect', 'turnout-envoy']));
		search.add('docker inspect of the image', docker.docker(['inspect', daemon.status().envoy.image ?? '']));
		search.add('docker logs', docker.tryDocker(['logs', 'turnout-envoy']).stdout);
		search.add('docker history', docker.docker(['history', '--no-trunc', daemon.status().envoy.image ?? '']));
		search.add("Envoy's environment", readIfThere(`/proc/${pidIn(place)}/environ`));
		search.addFolder(daemon.folder);
	}

	/** What only the socket, or another command than those about the daemon, says. */
	async function lookByHand(search: Search, { socket }: TestDaemon): Promise<void> {
		for (const path of ['/v1/events', '/v1/config', '/v1/logs', '/metrics'])
			search.add(path, (await askSocket(socket, 'GET', path)).text);
		const ps = lab.host.run('ps', ['-ef', 'ww']);
		search.add('ps', ps);
	}

	/** What may hold them is what the daemon was given: its own environment, or the user's config.json. */
	const assertNowhere = (search: Search): void => {
		assert.deepEqual(search.findings(), []);
		const looked = search.places();
		for (const where of ['log', 'status', '/v1/events', '/metrics', 'docker inspect', 'ps', 'a file', 'update'])
			assert.ok(looked.includes(where), `${where} was not looked at`);
		assert.ok(looked.includes("Envoy's environment") && looked.includes('the arguments of a process'));
	};

	const token = ecrAccount(ACCOUNT).password;
	const ofKeys = { 'the token': token, 'the secret key': keys.secretAccessKey, 'the session': keys.sessionToken };

	test("with AWS keys in the daemon's environment", async () => {
		using search = startSearch(ofKeys);
		const env = {
			AWS_ACCESS_KEY_ID: keys.accessKeyId,
			AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
			AWS_SESSION_TOKEN: keys.sessionToken,
		};
		await goThrough(search, { host: ecrName, env, account: ecrAccount(ACCOUNT) });
		const shown = turnout(lab.host, ['config'], { env: { ...own, ...env } });
		search.add('config', shown.stdout + shown.stderr);
		assertNowhere(search);
	});

	test('with the role of the instance, asked of its metadata', async () => {
		using search = startSearch({ ...ofKeys, "the metadata's token": 'lab-metadata-token' });
		// Who answers for the rest of the world has the port that is needed.
		place.world[Symbol.dispose]();
		await eventually(
			() => isListening(lab.world, 80),
			(isIt) => !isIt,
		);
		using metadata = await startMetadata(lab.world, keys);
		await goThrough(search, { host: ecrName, env: {}, account: ecrAccount(ACCOUNT) });
		assert.ok(metadata.asked().length > 0);
		assertNowhere(search);
	});

	test("with a password in Docker's config.json", async () => {
		const auth = Buffer.from(`${user.username}:${user.password}`).toString('base64');
		writeFileSync(join(home, 'docker/config.json'), JSON.stringify({ auths: { [name]: { auth } } }), { mode: 0o600 });
		using search = startSearch({ 'the password': user.password });
		await goThrough(search, { host: name, env: {}, account: user });
		assertNowhere(search);
	});

	test('and the search finds what is there: in a text, a header, a file, and the arguments of a process', async () => {
		const secret = user.password;
		using search = startSearch({ secret });
		for (const before of ['', 'A', 'AW', 'AWS:']) {
			using plain = startSearch({ secret });
			plain.add('log', Buffer.from(JSON.stringify({ before, secret, after: 1 })).toString('base64url'));
			assert.deepEqual(plain.findings(), ['log: secret']);
		}
		using scratch = createScratch('planted');
		mkdirSync(join(scratch.path, 'deep'));
		writeFileSync(join(scratch.path, 'deep/file'), `\0\xff${secret}`);
		search.addFolder(scratch.path);
		search.add('status', JSON.stringify({ why: `${secret} is wrong` }));
		search.add('config', 'nothing to see');
		const child = spawn('/bin/sleep', ['60'], { argv0: secret });
		try {
			await eventually(search.findings, ({ length }) => length === 3);
		} finally {
			child.kill('SIGKILL');
		}
		assert.deepEqual(search.findings(), ['a file: secret', 'status: secret', 'the arguments of a process: secret']);
	});
});
