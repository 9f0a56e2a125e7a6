// A pull that comes to nothing, or to nothing yet: the registry, the login, the disk or Docker fails it.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { createScratch } from '../../lab/net/scratch.ts';
import { ecrAccount, startEcr } from '../../lab/services/ecr.ts';
import { pushImage, startRegistry } from '../../lab/services/registry.ts';
import { type TestDaemon, turnoutProgram } from '../../lab/turnout.ts';
import {
	assertAsSaid,
	assertEnded,
	assertNothingLeft,
	removeContainers,
	told,
	untilStatus,
	whysOf,
} from '../../support/as-said.ts';
import { createDockerHost, IMAGE } from '../../support/docker-host.ts';
import { eventually } from '../../support/eventually.ts';
import { startLink } from '../../support/link.ts';
import { assertNoSecret } from '../../support/logins.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const ACCOUNT = '123456789012';
const account = ecrAccount(ACCOUNT);
const ecrName = `${ACCOUNT}.dkr.ecr.us-west-2.amazonaws.com`;
const name = 'registry.example';
/** The same registry behind a link. */
const linked = `${name}:5000`;
const LOGIN =
	'For ECR let the instance role pull (ecr:GetAuthorizationToken, ecr:BatchGetImage, ecr:GetDownloadUrlForLayer); for others: docker login, as the user that turnout runs as';
const SEE = 'See envoy.image (TURNOUT_ENVOY_IMAGE): registry, repository and tag';

describe('an image that is to be pulled', async () => {
	const stack = suiteStack();
	const place = await createDockerHost(stack, {
		hosts: `127.0.0.1 localhost ${name} ${ecrName}\n`,
		// In memory, and of a size that can be changed.
		config: { 'insecure-registries': [name, linked, ecrName], 'data-root': '/run/data' },
	});
	const { docker: daemonOfDocker, lab } = place;
	const { docker } = daemonOfDocker;
	const registry = stack.use(await startRegistry(lab.host, account));
	docker(['tag', IMAGE, `${name}/envoy:v1`]);
	await pushImage(daemonOfDocker, `${name}/envoy:v1`, account);
	const { path: folder } = stack.use(createScratch('logins'));
	forget();
	afterEach(() => forget());

	function forget(): void {
		removeContainers(daemonOfDocker);
		const images = docker(['images', '--quiet', '--no-trunc']).split('\n').filter(Boolean);
		if (images.length > 0) docker(['rmi', '--force', ...new Set(images)]);
	}

	/** `password`: of what the user's Docker knows for this registry; '' where it knows none. */
	function start(image: string, password: string = account.password, says?: string): Promise<TestDaemon> {
		const auth = Buffer.from(`${account.username}:${password}`).toString('base64');
		const auths = password === '' ? {} : { [name]: { auth }, [linked]: { auth } };
		writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths }), { mode: 0o600 });
		const more = { env: { DOCKER_CONFIG: folder }, ...(says === undefined ? {} : { says }) };
		return place.start({ envoy: { image, pull: 'missing', pullStallSeconds: 1 } }, undefined, more);
	}

	async function refusal(image: string, password?: string): Promise<readonly string[]> {
		await using daemon = await start(image, password);
		assertNoSecret(daemon.log(), [account.password, ...(password ? [password] : [])]);
		return assertEnded(place, daemon);
	}

	/** What was in the way is so no more: what was waited for comes about without anybody's help. */
	async function assertGoesOn(daemon: TestDaemon): Promise<void> {
		await untilStatus(daemon, ({ is }) => is === 'enabled');
		assert.equal(told(await assertAsSaid(place, daemon)), '');
		assertNoSecret(daemon.log(), [account.password]);
		assert.equal(await daemon.stop(), 0);
		assertNothingLeft(place, daemon);
	}

	test('and is in no registry is an error that is not tried again', async () => {
		assert.deepEqual(await refusal(`${name}/nowhere:v1`), [
			`turnout: Cannot pull ${name}/nowhere:v1: manifest for ${name}/nowhere:v1 not found: manifest unknown: manifest unknown`,
			SEE,
		]);
		assert.deepEqual(await refusal(`${name}/envoy:v2`), [
			`turnout: Cannot pull ${name}/envoy:v2: manifest for ${name}/envoy:v2 not found: manifest unknown: manifest unknown`,
			SEE,
		]);
	});

	test('with a login that the registry refuses, or without any, is an error that says how to log in', async () => {
		for (const password of ['', 'wrong-password']) {
			const [said, remedy] = await refusal(`${name}/envoy:v1`, password);
			assert.match(
				said ?? '',
				/^turnout: Cannot pull registry.example\/envoy:v1: .*(no basic auth credentials|unauthorized)/,
			);
			assert.equal(remedy, LOGIN);
		}
	});

	test('from a registry that is down is waited for, with the reason, until it is up', async () => {
		await using daemon = await start(`${linked}/envoy:v1`, account.password, 'envoy failed');
		const status = await untilStatus(daemon, ({ envoy }) => envoy.state === 'failed');
		assert.partialDeepStrictEqual(await assertAsSaid(place, daemon), { is: 'waiting', wanted: 'enabled' });
		assert.match(told(status), /^envoy: Cannot pull registry.example:5000\/envoy:v1: .*connection refused/m);
		using _link = await startLink(lab.host, { port: 5000, to: 80, bytes: Number.MAX_SAFE_INTEGER });
		await assertGoesOn(daemon);
	});

	test('from a registry that holds its connections and sends nothing is given up and tried again', async () => {
		registry.stall();
		await using daemon = await start(`${name}/envoy:v1`, account.password, 'envoy failed');
		const status = await untilStatus(daemon, ({ envoy }) => envoy.state === 'failed');
		registry.resume();
		assert.match(
			told(status),
			/^envoy: Cannot pull registry.example\/envoy:v1: its registry has sent nothing for 1 s$/m,
		);
		await assertGoesOn(daemon);
	});

	test('and stalls in the middle of a layer is told with what is there, given up, and tried again', async () => {
		using link = await startLink(lab.host, { port: 5000, to: 80, bytes: 5_000_000 });
		await using daemon = await start(`${linked}/envoy:v1`, account.password, 'pulling');
		await link.held;
		const { envoy } = await untilStatus(daemon, (now) =>
			(now.envoy.pull?.layers ?? []).some(({ current }) => current > 0),
		);
		assert.equal(envoy.state, 'pulling');
		await eventually(
			() => whysOf(daemon).at(-1) ?? '',
			(why) => why.includes('its registry has sent nothing for 1 s'),
		);
		link.open();
		await assertGoesOn(daemon);
	});

	test('while Docker is stopped in the middle is pulled when Docker is back', async () => {
		using link = await startLink(lab.host, { port: 5000, to: 80, bytes: 5_000_000 });
		await using daemon = await start(`${linked}/envoy:v1`, account.password, 'pulling');
		await link.held;
		await daemonOfDocker.stop();
		const status = await untilStatus(daemon, ({ envoy }) => envoy.state === 'failed');
		assert.equal(status.is, 'waiting');
		assert.match(told(status), new RegExp(`^docker: .*${daemonOfDocker.socket}`, 'm'));
		link.open();
		await daemonOfDocker.restart();
		await assertGoesOn(daemon);
	});

	test('onto a disk that is full is an error that says where to make room', async () => {
		const use = Number(inside(['df', '--output=used', '-k', '/run']).split('\n')[1]);
		inside(['mount', '-o', `remount,size=${use + 20_000}k`, '/run']);
		const [said, remedy] = await refusal(`${name}/envoy:v1`).finally(() =>
			inside(['mount', '-o', 'remount,size=50%', '/run']),
		);
		assert.match(said ?? '', /^turnout: Cannot pull registry.example\/envoy:v1: .*no space left on device/);
		assert.equal(remedy, 'Free some space where Docker keeps its images (docker system df)');
	});

	test('with a token of ECR that has expired in between is pulled with a new one, asked for once', async () => {
		using ecr = await startEcr(lab.host);
		const env = {
			...ecr.env,
			AWS_ACCESS_KEY_ID: 'AKIALAB',
			AWS_SECRET_ACCESS_KEY: 'lab-secret',
			DOCKER_CONFIG: folder,
		};
		writeFileSync(join(folder, 'config.json'), '{}');
		await using daemon = await place.start({ envoy: { image: `${ecrName}/envoy:v1`, pull: 'missing' } }, undefined, {
			env,
		});
		const { container } = (await assertAsSaid(place, daemon)).envoy;
		assert.equal(ecr.answers(), 1);
		registry.setAccount({ ...account, password: 'the one after it' });
		ecr.stall();
		const update = outcomeOf(lab.host.spawn(turnoutProgram, ['update', '--socket', daemon.socket]));
		await eventually(
			() => lab.host.run('ss', ['-Htn', 'dport = :5555']),
			(connections) => connections !== '',
		);
		registry.setAccount(account);
		ecr.resume();
		assert.equal((await update).code, 0);
		assert.equal(ecr.answers(), 2);
		registry.setAccount({ ...account, password: 'yet another' });
		const refused = daemon.ask('update');
		registry.setAccount(account);
		assert.equal(refused.code, 1);
		assert.match(
			refused.stderr,
			new RegExp(`^turnout: Cannot pull ${ecrName}/envoy:v1: .*; the former goes on\n${escaped(LOGIN)}\n$`),
		);
		assert.equal((await assertAsSaid(place, daemon)).envoy.container, container);
		assertNoSecret(daemon.log(), [account.password, 'lab-secret']);
		assert.equal(await daemon.stop(), 0);
		assertNothingLeft(place, daemon);
	});

	/** In Docker's own view of the file systems. */
	function inside(command: readonly string[]): string {
		const pid = readFileSync(join(daemonOfDocker.folder, 'pid'), 'utf8').trim();
		return lab.host.run('nsenter', [`--mount=/proc/${pid}/ns/mnt`, '--', ...command]);
	}
});

const escaped = (text: string): string => text.replace(/[()]/g, '\\$&');
