import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { dockerRules, published } from '../net/docker-rules.ts';
import { createHost, type Host } from '../net/host.ts';
import { addresses } from '../net/layout.ts';
import { createPeers } from '../net/peers.ts';
import { families } from '../net/restore.ts';
import { type Docker, startDockerd } from './dockerd.ts';
import { importAnswerer } from './image.ts';

test('a real Docker answers on its published port, has the rules written down for it, and is gone afterwards', async () => {
	const seen = { folder: '' };
	{
		using lab = createHost({ container: false });
		await using docker = await startDockerd(lab);
		seen.folder = docker.folder;
		importAnswerer(docker);
		docker.docker(['run', '--detach', '--name', 'shop', '--publish', '8080:80', 'answerer:1', 'container', '80']);
		using peers = await createPeers(lab, { appPorts: [22] });
		for (const to of [addresses.host.v4, addresses.host.v6])
			assert.partialDeepStrictEqual(await peers.world.connect(to, 8080), { by: 'container' });
		for (const family of families) assert.deepEqual(rulesOf(lab, family), expected(docker, family));
	}
	assert.equal(existsSync(seen.folder), false);
	assert.deepEqual(globSync(`/sys/fs/cgroup/{,*/}${basename(seen.folder)}`), []);
	assert.equal(readFileSync('/proc/mounts', 'utf8').includes(seen.folder), false);
});

const rulesOf = (lab: Host, family: 'v4' | 'v6'): string[] =>
	rulesIn(lab.host.run(family === 'v4' ? 'iptables-save' : 'ip6tables-save', []));

function expected({ docker }: Docker, family: 'v4' | 'v6'): string[] {
	const field = family === 'v4' ? 'IPAddress' : 'GlobalIPv6Address';
	const container = docker(['inspect', '--format', `{{.NetworkSettings.${field}}}`, 'shop']).trim();
	return rulesIn(dockerRules(family, { ...published[family], container }));
}

const rulesIn = (text: string): string[] =>
	text
		.split('\n')
		.filter((line) => line.startsWith('-A') || (line.startsWith(':FORWARD') && line.includes('DROP')))
		.map((line) => line.replace(/\[\d+:\d+\]/, ''))
		.sort();
