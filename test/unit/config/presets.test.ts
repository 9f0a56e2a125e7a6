import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shownSettings } from '../../../src/config/describe.ts';
import { refuseUplinks } from '../../../src/config/presets.ts';
import { type ResolveIds, resolveCapture } from '../../../src/config/resolve-ids.ts';
import { Failure } from '../../../src/failure.ts';
import { showCidr } from '../../../src/values/cidr.ts';
import { type Layers, mistakesIn, readLayers } from '../../support/setting-samples.ts';

/** A host with these users. */
const withUsers =
	(users: Readonly<Record<string, number>>): ResolveIds =>
	async (ids) =>
		ids.map((id) => {
			if (!('name' in id)) return id;
			const uid = users[id.name];
			return uid === undefined ? id.name : { from: uid, to: uid };
		});

const captureOf = (layers: Layers, users = {}) => resolveCapture(readLayers(layers), withUsers(users));

test("AWS's endpoints are added to the user's own addresses, both families, each once", async () => {
	const flags = { egressIgnoredIps: '10.0.0.0/8,169.254.169.254', presets: 'aws-endpoints' };
	const shown = (await captureOf({ flags })).egressIgnoredIps.map(showCidr);
	for (const address of ['10.0.0.0/8', '169.254.169.254/32', '169.254.170.23/32', 'fd00:ec2::254/128', 'fe80::/10'])
		assert.equal(shown.filter((each) => each === address).length, 1, address);
	assert.deepEqual(
		new Set((await captureOf({ flags: { presets: 'aws-endpoints' } })).egressIgnoredIps.map(showCidr)),
		new Set((await captureOf({})).egressIgnoredIps.map(showCidr)),
		'the default has them too',
	);
});

test("agents are the users of them that the host has, behind the user's own, whom Envoy runs as", async () => {
	const { ignoreUids } = await captureOf({ flags: { presets: 'host-agents' } }, { _apt: 42, cwagent: 995 });
	assert.deepEqual(
		ignoreUids,
		[1337, 42, 995].map((uid) => ({ from: uid, to: uid })),
	);
	assert.deepEqual(
		(await captureOf({ flags: { presets: 'host-agents' } })).ignoreUids,
		[{ from: 1337, to: 1337 }],
		'none of them is missed',
	);
	const none = { ignoreUids: '', ignoreGids: '', presets: 'host-agents' };
	assert.match(mistakesIn({ flags: none })[0] ?? '', /neither a user nor a group is ignored/);
});

test('networks of containers are interfaces by their names', async () => {
	const flags = { interfacesIgnored: 'wg0,docker0', presets: 'container-networks' };
	const { interfacesIgnored } = await captureOf({ flags });
	assert.deepEqual(interfacesIgnored.slice(0, 3), ['wg0', 'docker0', 'docker_gwbridge']);
	assert.ok(interfacesIgnored.some((name) => name === 'br-+'));
});

test('a preset that is none names those that are', () => {
	assert.deepEqual(mistakesIn({ flags: { presets: 'aws,container-networks' } }), [
		'presets (--presets): "aws" is not a preset; allowed: aws-endpoints, container-networks, host-agents, with commas between them',
	]);
});

test('networks of containers cannot be left out and captured', () => {
	const [told = ''] = mistakesIn({ file: 'presets: [container-networks]\nbridges: docker0' });
	assert.match(
		told,
		/^presets \(turnout.yaml:1\): container-networks leaves out what bridges captures \(bridges \(turnout.yaml:2\)\)/,
	);
});

test('a host that reaches others by such an interface refuses, as nothing would be captured', () => {
	refuseUplinks(['container-networks'], ['eth0', 'lo']);
	refuseUplinks(['aws-endpoints'], ['br-ex']);
	assert.throws(
		() => refuseUplinks(['container-networks'], ['eth0', 'br-ex']),
		(error) => error instanceof Failure && error.code === 'config' && /leaves by br-ex/.test(error.message),
	);
});

test('agents that run as root are ignored by their units, beside those that a person names', async () => {
	const { ignoreUnits } = await captureOf({
		flags: { presets: 'host-agents', ignoreUnits: 'my.service,docker.service' },
	});
	assert.deepEqual(ignoreUnits.slice(0, 3), ['my.service', 'docker.service', 'amazon-ssm-agent.service']);
	assert.equal(ignoreUnits.filter((unit) => unit === 'docker.service').length, 1);
	assert.deepEqual((await captureOf({ flags: {} })).ignoreUnits, []);
});

test('what each adds is shown beside the settings', () => {
	const { presets } = shownSettings(readLayers({ flags: { presets: 'aws-endpoints,host-agents' } }));
	assert.deepEqual(
		presets.map(({ preset, key, value }) => [preset, key, value.split(',')[0]]),
		[
			['aws-endpoints', 'egressIgnoredIps', '169.254.169.254'],
			['host-agents', 'ignoreUids', '_apt'],
			['host-agents', 'ignoreUnits', 'amazon-ssm-agent.service'],
		],
	);
});
