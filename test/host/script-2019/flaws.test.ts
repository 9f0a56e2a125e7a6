// The 2019 script's flaws in how rules come, stay and go. Each test fails when its flaw comes back.

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { installDockerRules } from '../../lab/net/docker-rules.ts';
import { installAdministratorRules } from '../../lab/net/foreign-rules.ts';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createPeers } from '../../lab/net/peers.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { snapshotHost } from '../../lab/net/snapshot.ts';
import { startDaemon, turnout } from '../../lab/turnout.ts';
import { nameOf } from '../../support/calls.ts';
import { converse, converseWell } from '../../support/converse.ts';
import { eventually } from '../../support/eventually.ts';
import { run } from '../../support/run.ts';
import { savedText } from '../../support/saved.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { changes, withoutEmptyTables } from '../../support/traces.ts';
import { createWrappers } from '../../support/wrapper.ts';

describe("the script's flaws in how rules come and go", async () => {
	const stack = suiteStack();
	const { host, ...others } = stack.use(createHost());
	const peers = stack.use(await createPeers({ host, ...others }));
	const ip = (...args: string[]): string => host.run('ip', args);
	afterEach(() => void run(host, ['clean']));

	test('flaw 1: a second start completes what the first one left half done', () => {
		converseWell(host, [], { APPMESH_START_ENABLED: '1' });
		const once = savedText(host);
		converseWell(host, [], { APPMESH_START_ENABLED: '1' });
		assert.equal(savedText(host), once);
	});

	test('flaw 2: enabling again leaves each rule once', () => {
		converseWell(host, ['enable']);
		const once = savedText(host);
		converseWell(host, ['enable', 'enable']);
		assert.equal(savedText(host), once);
		for (const family of ['-4', '-6']) assert.equal(ip(family, 'rule').match(/fwmark 0x1e7700ce/g)?.length, 1);
	});

	test('flaw 5: the mangle chain guards, and the mark and the table, which carry nothing yet, swallow nothing', async () => {
		converseWell(host, ['enable']);
		for (const [family, to] of [
			['-4', addresses.remote.v4],
			['-6', addresses.remote.v6],
		] as const) {
			assert.match(ip(family, 'rule'), /fwmark 0x1e7700ce lookup 100/);
			assert.match(ip(family, 'route', 'show', 'table', '100'), /^throw default .*\nlocal default dev lo /);
			assert.match(ip('route', 'get', to, 'mark', '0x1e7700ce'), / dev eth0 /);
		}
		assert.equal(nameOf(await peers.world.connect(addresses.host.v4, 15_001, { timeoutMs: 300 })), 'nobody');
		const listed = host.run('iptables-nft', ['-t', 'mangle', '-nvxL', 'APPMESH_INGRESS']);
		assert.match(listed, /^\s+[1-9]\d* .* DROP /m);
	});

	test('flaw 7: when one rule is refused, none of the others stays', () => {
		for (const program of ['iptables-nft-restore', 'ip6tables-legacy-restore']) {
			const before = withoutEmptyTables(snapshotHost(host));
			using wrappers = createWrappers({ [program]: refusingIngress });
			const backend = program.replace('ip6', 'ip').replace('-restore', '');
			const { code } = turnout(host, ['init', '--app-ports', '8080', '--backend', backend], { env: wrappers.env });
			assert.deepEqual({ code, hasStruck: wrappers.strikes() > 0 }, { code: 1, hasStruck: true }, program);
			assert.deepEqual(changes(before, withoutEmptyTables(snapshotHost(host))), [], program);
		}
	});

	test('flaw 27: the desired state survives a restart', async () => {
		using state = createScratch('state');
		const args = ['--state-directory', state.path, '--app-ports', '8080'];
		{
			await using daemon = await startDaemon(host, { args });
			assert.equal(daemon.ask('enable').code, 0);
		}
		assert.equal(nameOf(await peers.app.connect(addresses.remote.v4, 443)), 'remote');
		await using again = await startDaemon(host, { args });
		assert.partialDeepStrictEqual(again.status(), { wanted: 'enabled', is: 'enabled' });
		assert.equal(nameOf(await peers.app.connect(addresses.remote.v4, 443)), 'egress listener');
	});

	test('flaw 28: status says whether traffic is intercepted, and how much has been', async () => {
		await using daemon = await startDaemon(host, { args: ['--app-ports', '8080'] });
		assert.equal(daemon.status().is, 'disabled');
		assert.equal(daemon.ask('enable').code, 0);
		await peers.app.connect(addresses.remote.v4, 443);
		await peers.world.connect(addresses.host.v6, 8080);
		const {
			is,
			counters: { rules: _, ...counters },
		} = daemon.status();
		assert.deepEqual(
			{ is, counters },
			{
				is: 'enabled',
				counters: { ingress: { connections: 1 }, egress: { connections: 1, direct: 0 }, dropped: 0 },
			},
		);
		host.run('ip6tables-nft', ['-t', 'nat', '-F', 'OUTPUT']);
		const { repairs } = await eventually(
			() => daemon.readStatus(),
			(status) => status.repairs.count > 0,
		);
		assert.match(repairs.last?.what ?? '', /^missing in nat: -I OUTPUT 1 /);
		assert.equal(daemon.ask('status').code, 0);
	});

	test('flaw 4: disabling leaves no chain, no rule and no route behind', () => {
		const before = withoutEmptyTables(snapshotHost(host));
		converseWell(host, ['enable', 'disable', 'quit']);
		assert.deepEqual(changes(before, withoutEmptyTables(snapshotHost(host))), []);
	});

	// The last of them, as these rules of others stay.
	test('flaw 3: disabling takes nothing from others, and SSH goes on under INPUT DROP', async () => {
		installAdministratorRules(host, 'nft');
		installDockerRules(host, 'nft');
		const before = savedText(host);
		// That redirected connections find no way in is told.
		const { code, stderr } = converse(host, ['enable', 'disable', 'quit']);
		assert.equal(code, 0);
		assert.match(stderr, /^ipv4 connections to port 8080 are redirected to Envoy, where the firewall drops them/);
		assert.equal(savedText(host), before);
		assert.equal(nameOf(await peers.world.connect(addresses.host.v4, 22)), 'app');
	});
});

/** Takes everything up to the last redirect. */
const refusingIngress = 'sed "s/-j REDIRECT --to-ports 15000/-j REDIRECT --to-ports 70000/" | "$real" "$@"';
