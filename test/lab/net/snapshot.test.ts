import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installDockerRules } from './docker-rules.ts';
import { installAdministratorRules, installUfwRules } from './foreign-rules.ts';
import { createHost } from './host.ts';
import { addresses } from './layout.ts';
import { createPeers } from './peers.ts';
import { type Snapshot, snapshotHost } from './snapshot.ts';

const dialects = ['nft', 'legacy'] as const;

for (const dialect of dialects)
	test(`a host with ${dialect} rules of other programs answers as they say, and stays the same under traffic`, async () => {
		using lab = createHost();
		installUfwRules(lab.host, dialect);
		installAdministratorRules(lab.host, dialect);
		installDockerRules(lab.host, dialect);
		const before = snapshotHost(lab.host);
		using peers = await createPeers(lab);
		for (const to of [addresses.host.v4, addresses.host.v6]) {
			assert.partialDeepStrictEqual(await peers.world.connect(to, 8080), { by: 'container' });
			assert.partialDeepStrictEqual(await peers.world.connect(to, 2222), { by: 'app' });
			assert.partialDeepStrictEqual(await peers.world.connect(to, 9090, { timeoutMs: 200 }), { kind: 'timeout' });
		}
		assert.deepEqual(snapshotHost(lab.host), before);
	});

for (const dialect of dialects)
	test(`one ${dialect} rule more or less is seen`, () => {
		using lab = createHost();
		const iptables = (...args: readonly string[]): string =>
			lab.host.run(`iptables-${dialect}`, ['-t', 'nat', ...args]);
		iptables('-N', 'SOMEBODY');
		const before = snapshotHost(lab.host);
		iptables('-A', 'SOMEBODY', '-j', 'RETURN');
		assert.ok(differing(before, snapshotHost(lab.host)).includes(`iptables-${dialect}`));
		iptables('-F', 'SOMEBODY');
		assert.deepEqual(snapshotHost(lab.host), before);
	});

test('to look at a host makes no table in it', () => {
	using lab = createHost();
	const before = snapshotHost(lab.host);
	assert.deepEqual(snapshotHost(lab.host), before);
	assert.equal(before['nft'], '');
	assert.equal(before['legacy tables'], '');
});

test('a policy rule, a route and a setting are seen', () => {
	using lab = createHost();
	const before = snapshotHost(lab.host);
	lab.host.run('ip', ['-6', 'rule', 'add', 'fwmark', '0x1e7700ce', 'lookup', '100']);
	lab.host.run('ip', ['route', 'add', 'local', 'default', 'dev', 'lo', 'table', '100']);
	lab.host.run('sh', ['-c', 'echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet']);
	assert.deepEqual(differing(before, snapshotHost(lab.host)), ['rules v6', 'routes', 'sysctl']);
});

test('a host without IPv6 has no IPv6 address', () => {
	using lab = createHost({ ipv6: false });
	assert.doesNotMatch(snapshotHost(lab.host)['links'] ?? '', /::/);
});

const differing = (before: Snapshot, after: Snapshot): string[] =>
	Object.keys(before).filter((section) => before[section] !== after[section]);
