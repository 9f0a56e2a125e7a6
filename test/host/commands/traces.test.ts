// What is left of us: the same text however often rules are put on, and the host as it was once they are gone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installDockerRules } from '../../lab/net/docker-rules.ts';
import { installAdministratorRules, installUfwRules } from '../../lab/net/foreign-rules.ts';
import { createHost, type Host } from '../../lab/net/host.ts';
import type { Dialect } from '../../lab/net/restore.ts';
import { type Snapshot, snapshotHost } from '../../lab/net/snapshot.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { type Backend, backends } from '../../support/dialects.ts';
import { run } from '../../support/run.ts';
import { rulesIn, savedText } from '../../support/saved.ts';
import { changes, withoutEmptyTables } from '../../support/traces.ts';

const settings = ({ backend }: Backend): string[] => [
	...['--backend', backend, '--app-ports', '8080-8081,9090', '--bridges', 'docker0'],
	...['--only-uids', '0,1000', '--egress-only-ports', '80,443', '--egress-only-ips', '203.0.113.0/24,2001:db8::/32'],
];

for (const each of backends) {
	const { backend, dialect } = each;

	test(`with ${backend} rules a host with Docker, ufw and an administrator is the same after the daemon, byte for byte`, async () => {
		using lab = createBusyHost(dialect);
		const before = snapshotHost(lab.host);
		{
			await using daemon = await startDaemon(lab.host, { args: settings(each) });
			assert.match(daemon.ask('enable').stdout, enabled);
			assert.notDeepEqual(changes(before, snapshotHost(lab.host)), []);
			assert.match(daemon.ask('disable').stdout, disabled);
			assert.deepEqual(changes(before, snapshotHost(lab.host)), []);
			assert.match(daemon.ask('enable').stdout, enabled);
		}
		assert.deepEqual(changes(before, snapshotHost(lab.host)), []);
		run(lab.host, ['clean']);
		assert.deepEqual(changes(before, snapshotHost(lab.host)), []);
	});

	test(`with ${backend} rules a host with Docker, ufw and an administrator is the same after init and clean, byte for byte`, () => {
		using lab = createBusyHost(dialect);
		const before = snapshotHost(lab.host);
		run(lab.host, ['init', ...settings(each)]);
		assert.notDeepEqual(changes(before, snapshotHost(lab.host)), []);
		run(lab.host, ['clean']);
		assert.deepEqual(changes(before, snapshotHost(lab.host)), []);
		run(lab.host, ['clean', '--route-manager']);
		assert.deepEqual(changes(before, snapshotHost(lab.host)), []);
	});

	test(`with ${backend} rules a host gets the same text however often they are put on`, async () => {
		using lab = createBusyHost(dialect);
		run(lab.host, ['init', ...settings(each)]);
		const once = snapshotHost(lab.host);
		run(lab.host, ['init', ...settings(each)]);
		await using daemon = await startDaemon(lab.host, { args: ['--start-enabled', '1', ...settings(each)] });
		for (const _ of [1, 2, 3]) assert.match(daemon.ask('enable').stdout, enabled);
		assert.deepEqual(changes(once, snapshotHost(lab.host)), []);
		// Others have come since: ours go to the front again, and theirs stay in their order.
		installDockerRules(lab.host, dialect);
		const others = othersIn(lab, dialect);
		for (const _ of [1, 2, 3]) assert.match(daemon.ask('enable').stdout, enabled);
		assert.deepEqual(othersIn(lab, dialect), others);
	});

	test(`a host without any firewall has at most the empty tables of ${backend} more afterwards`, () => {
		using lab = createHost();
		const before = snapshotHost(lab.host);
		run(lab.host, ['init', ...settings(each)]);
		run(lab.host, ['clean']);
		const after = snapshotHost(lab.host);
		assert.deepEqual(changes(before, withoutEmptyTables(after)), []);
		assert.deepEqual(tablesIn(after, dialect), backend === 'nft' ? [] : ['mangle', 'nat']);
	});
}

// Not the exit code, which tells that no Envoy listens.
const enabled = /^interception +enabled since /;
const disabled = /^interception +disabled since /;

function createBusyHost(dialect: Dialect): Host {
	const lab = createHost();
	installUfwRules(lab.host, dialect);
	installAdministratorRules(lab.host, dialect);
	installDockerRules(lab.host, dialect);
	return lab;
}

const othersIn = ({ host }: Host, dialect: Dialect): string[] =>
	rulesIn(savedText(host, dialect)).filter((rule) => !rule.includes('APPMESH'));

/** Of both families: what either has. */
const tablesIn = (snapshot: Snapshot, dialect: Dialect): string[] => {
	const texts = [snapshot[`iptables-${dialect}`], snapshot[`ip6tables-${dialect}`]];
	return [...new Set(texts.join('').match(/(?<=^\*)\w+$/gm))].sort();
};
