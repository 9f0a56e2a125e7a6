// A program dials a neighbour by the address of the link: a proxy that gets such a connection at the loopback could not answer it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { createPeers } from '../../lab/net/peers.ts';
import { backends } from '../../support/dialects.ts';
import { eventually } from '../../support/eventually.ts';
import { run } from '../../support/run.ts';

/** As AWS's controller sets it, in place of the default. */
const CONTROLLERS = ['--egress-ignored-ips', '169.254.169.254'];

for (const { backend } of backends)
	test(`what dials a link-local IPv6 address is answered by whom it dialled, with ${backend} rules`, async () => {
		using lab = createHost();
		using peers = await createPeers(lab);
		const show = () => lab.world.run('ip', ['-6', '-oneline', 'address', 'show', 'dev', 'eth0', 'scope', 'link']);
		const [address = ''] = await eventually(
			() => /fe80::[\da-f:]+/.exec(show()) ?? [],
			({ length }) => length > 0,
		);
		const dial = async (to: string) => {
			const answer = await peers.app.connect(to, 9090);
			return answer.kind === 'answered' ? answer.by : answer.kind;
		};
		assert.equal(await dial(`${address}%eth0`), 'remote');
		for (const settings of [[], CONTROLLERS]) {
			run(lab.host, ['init', '--backend', backend, '--ipv6', '1', ...settings]);
			assert.equal(await dial('2001:db8::10'), 'egress listener');
			assert.equal(await dial(`${address}%eth0`), 'remote', settings.join(' '));
		}
	});
