// An image, a bootstrap or a limit with which no Envoy comes to life.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { importAnswerer } from '../../lab/services/image.ts';
import {
	assertAsSaid,
	assertEnded,
	assertNothingLeft,
	eventsOf,
	removeContainers,
	untilStatus,
	whysOf,
} from '../../support/as-said.ts';
import { unhurried } from '../../support/daemon.ts';
import { createDockerHost, IMAGE } from '../../support/docker-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const SEE =
	'See envoy.command (TURNOUT_ENVOY_COMMAND), envoy.image (TURNOUT_ENVOY_IMAGE) and envoy.config (TURNOUT_ENVOY_CONFIG)';
const { remote } = addresses;

describe('Envoy in Docker', async () => {
	const stack = suiteStack();
	const place = await createDockerHost(stack);
	const { docker } = place.docker;
	const { path: folder } = stack.use(createScratch('files'));
	afterEach(() => removeContainers(place.docker));

	async function refusal(settings: object): Promise<string> {
		await using daemon = await place.start(settings);
		return (await assertEnded(place, daemon)).join('\n');
	}

	test('whose image is not there and may not be pulled is refused with what to do', async () => {
		assert.equal(
			await refusal({ envoy: { image: 'missing:1' } }),
			'turnout: Cannot start Envoy: the image missing:1 is not on this host, and envoy.pull is never\n' +
				'docker pull missing:1, or set envoy.pull (TURNOUT_ENVOY_PULL) to missing',
		);
	});

	test('whose image is for another kind of processor is refused before anything is made of it', async () => {
		docker(['load', '--input', archiveOf('other:1', 's390x')]);
		assert.equal(
			await refusal({ envoy: { image: 'other:1' } }),
			'turnout: Cannot start Envoy: the image other:1 is for s390x, and this host is amd64\n' +
				'Use an image for this kind of processor (envoy.image, TURNOUT_ENVOY_IMAGE)',
		);
	});

	test('whose image has no Envoy in it is refused with the program that was looked for', async () => {
		importAnswerer(place.docker);
		const [said = '', remedy] = (await refusal({ envoy: { image: 'answerer:1' } })).split('\n');
		assert.match(
			said,
			/^turnout: Cannot start Envoy: the image answerer:1 has no program envoy: .*executable file not found in \$PATH/,
		);
		assert.equal(
			remedy,
			'Use an image of Envoy (envoy.image), or say where it has its program with envoy.command (TURNOUT_ENVOY_COMMAND)',
		);
	});

	test('that is another program is refused with how that ended and what it said', async () => {
		const [said = '', remedy] = (await refusal({ envoy: { image: 'answerer:1', command: '/usr/bin/perl' } })).split(
			'\n',
		);
		assert.match(
			said,
			/^turnout: Cannot start Envoy: Envoy ended with code \d+; its last line: Unrecognized switch: --config-path/,
		);
		assert.equal(remedy, SEE);
	});

	test('that refuses its bootstrap is reported in its own words', async () => {
		const file = join(folder, 'nonsense.json');
		writeFileSync(file, '{"nonsense": 1}');
		const [said = '', remedy] = (await refusal({ envoy: { config: file } })).split('\n');
		// Protobuf puts in blanks by chance, so that no program may rely on its words.
		assert.match(
			said,
			/^turnout: Cannot start Envoy: Envoy ended with code 1; its last line: .*no\s+such\s+field:\s+'nonsense'/,
		);
		assert.equal(remedy, SEE);
	});

	test('whose bootstrap is not there is refused with the name of the file', async () => {
		const file = join(folder, 'missing.yaml');
		assert.match(
			await refusal({ envoy: { config: file } }),
			new RegExp(`${file}.*\n[A-Z].* envoy.config \\(TURNOUT_ENVOY_CONFIG\\)`),
		);
	});

	test('whose admin port somebody has is refused, and who has it is named with its process', async () => {
		const sign = await place.app.listen('somebody', [9901], { address: '127.0.0.1' });
		const said = await refusal({});
		await sign.close();
		assert.match(
			said,
			new RegExp(
				`^turnout: Cannot start Envoy: port 9901 \\(envoy.adminPort\\) is taken by \\S+ \\(pid ${place.app.pid}\\)\n`,
			),
		);
		assert.match(said, /\nStop that program, or set envoy.adminPort to another port$/);
	});

	test('that has too little memory is reported as that', async () => {
		const [said = '', remedy] = (await refusal({ envoy: { memoryMegabytes: 12 } })).split('\n');
		assert.match(said, /^turnout: Cannot start Envoy: Envoy ended by SIGKILL, out of memory/);
		assert.equal(remedy, SEE);
	});

	test('for which Docker refuses a limit is refused in the words of Docker, with the settings', async () => {
		assert.equal(
			await refusal({ envoy: { memoryMegabytes: 1 } }),
			'turnout: Cannot start Envoy: Docker cannot create its container: Minimum memory limit allowed is 6MB\n' +
				'See envoy.memoryMegabytes (TURNOUT_ENVOY_MEMORY)',
		);
	});

	test('that is away for longer than graceSeconds, open: connections fail until then, and go past it until it is back', async () => {
		await using daemon = await place.start({ onEnvoyFailure: 'open', envoy: { graceSeconds: 15, stableSeconds: 1 } });
		docker(['tag', IMAGE, 'kept:1']);
		docker(['rm', 'turnout-envoy-image']);
		docker(['rmi', '--force', IMAGE]);
		docker(['kill', 'turnout-envoy']);
		const failed = await untilStatus(daemon, ({ envoy }) => envoy.state === 'failed');
		assert.equal(failed.is, 'enabled');
		assert.partialDeepStrictEqual(await place.app.connect(remote.v4, 443, unhurried), { kind: 'refused' });
		await untilStatus(daemon, ({ is }) => is === 'lifted');
		assert.partialDeepStrictEqual(await place.app.connect(remote.v4, 443, unhurried), { by: 'remote' });
		assert.equal((await assertAsSaid(place, daemon)).wanted, 'enabled');
		docker(['tag', 'kept:1', IMAGE]);
		await untilStatus(daemon, ({ is }) => is === 'enabled');
		assert.equal((await assertAsSaid(place, daemon)).envoy.state, 'live');
		assert.equal(daemon.ask('status').code, 0);
		assert.equal(await daemon.stop(), 0);
		assertNothingLeft(place, daemon);
	});

	test('that is back within graceSeconds, open: rules have not been touched', async () => {
		await using daemon = await place.start({ onEnvoyFailure: 'open', envoy: { graceSeconds: 90 } });
		docker(['kill', 'turnout-envoy']);
		await untilStatus(daemon, ({ envoy }) => envoy.state === 'live' && envoy.restarts === 1);
		assert.equal(whysOf(daemon).length, 1);
		assert.deepEqual(
			eventsOf(daemon)
				.filter(({ event }) => /interception|lifted/.test(event))
				.map(({ event }) => event),
			['interception enabled'],
		);
		await assertAsSaid(place, daemon);
		assert.equal(await daemon.stop(), 0);
		assertNothingLeft(place, daemon);
	});

	/** An image with nothing in it, as `docker save` would write it. */
	function archiveOf(tag: string, architecture: string): string {
		const archive = join(folder, 'image.tar');
		const layer = join(folder, 'layer.tar');
		execFileSync('tar', ['-cf', layer, '--files-from', '/dev/null']);
		const digest = createHash('sha256').update(readFileSync(layer)).digest('hex');
		const config = { architecture, os: 'linux', rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] } };
		writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
		const manifest = [{ Config: 'config.json', RepoTags: [tag], Layers: ['layer.tar'] }];
		writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
		execFileSync('tar', ['-cf', archive, '-C', folder, 'manifest.json', 'config.json', 'layer.tar']);
		return archive;
	}
});
