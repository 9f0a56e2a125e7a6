// Beside Docker 29 with its nftables backend, by the tables that it makes: whoever connects is answered as the table says,
// whichever of the two was there first, and what is Docker's stays as it is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Status } from '../../../src/status/types.ts';
import { dockerTables } from '../../lab/net/docker-rules.ts';
import { createHost } from '../../lab/net/host.ts';
import type { Namespace } from '../../lab/net/namespace.ts';
import { createPeers } from '../../lab/net/peers.ts';
import { snapshotHost } from '../../lab/net/snapshot.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { testCalls } from '../../support/calls.ts';
import { backends } from '../../support/dialects.ts';
import { eventually } from '../../support/eventually.ts';
import {
	type Call,
	callsOf,
	overBothFamilies,
	places,
	type Row,
	table,
	tableSettings,
	worldAddresses,
} from '../../support/rows.ts';
import { run } from '../../support/run.ts';
import { changes, withoutEmptyTables } from '../../support/traces.ts';

/** What others send to the container's own address Docker drops. */
const rows = table.map((row): Row => {
	const isDirect = row.who === 'world' && row.to === places.container;
	return isDirect ? { ...row, plain: 'nobody', captured: 'nobody' } : row;
});
const calls = (isCaptured: boolean): Call[] => callsOf({ isCaptured, hasDocker: true }, rows);

const nft = (host: Namespace, input: string) => host.run('nft', ['-f', '-'], { input });
const seen = (host: Namespace) => withoutEmptyTables(snapshotHost(host));
const orderIn = ({ conditions }: Status) => conditions.find(({ subject }) => subject === 'order');

for (const { backend } of backends) {
	const settings = [...tableSettings, '--backend', backend];

	test(`with rules of ${backend} beside Docker's tables, who connects is answered as the table says, and they stay as they are`, async (context) => {
		using lab = createHost({ worldAddresses });
		using peers = await createPeers(lab);
		nft(lab.host, dockerTables);
		await testCalls(context, peers, 'with Docker alone', calls(false));
		const before = seen(lab.host);
		run(lab.host, ['init', ...settings]);
		await testCalls(context, peers, 'after init', calls(true));
		run(lab.host, ['init', ...settings, '--bridges', 'docker0']);
		const outwards = { who: 'container', to: places.remote, port: 443 } as const;
		await testCalls(context, peers, 'with its bridge captured', overBothFamilies(outwards, 'egress listener'));
		run(lab.host, ['clean']);
		await testCalls(context, peers, 'after clean', calls(false));
		assert.deepEqual(changes(before, seen(lab.host)), []);
	});

	test(`with rules of ${backend}, then Docker's tables`, async (context) => {
		using lab = createHost({ worldAddresses });
		using peers = await createPeers(lab);
		await using daemon = await startDaemon(lab.host, { args: [...settings, '--start-enabled', '1'] });
		nft(lab.host, dockerTables);
		if (backend === 'iptables-legacy') {
			// The kernel has its nat once and for all: it cannot come first again, and says so.
			const status = await eventually(daemon.readStatus, (now) => orderIn(now)?.ok === false);
			const order = orderIn(status);
			const told = order?.ok === false ? order.why : '';
			assert.match(
				told,
				/chain nat-PREROUTING \(priority -100\), which is Docker's, comes before ours and has .*8080 dnat/,
			);
			return;
		}
		if (backend === 'iptables-nft') await eventually(daemon.readStatus, ({ repairs }) => repairs.count > 0);
		await testCalls(context, peers, 'with both', calls(true));
		assert.equal(orderIn(await daemon.readStatus())?.ok, true);
		assert.equal(await daemon.stop(), 0);
		await testCalls(context, peers, 'after the daemon', calls(false));
	});
}
