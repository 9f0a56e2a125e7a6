// Others put rules into the tables of iptables by nft, which iptables-nft-save then leaves out as a whole.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startDaemon, turnout } from '../../lab/turnout.ts';
import { wholeRulesOf } from '../../support/daemon.ts';
import { eventually } from '../../support/eventually.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { createWrappers } from '../../support/wrapper.ts';

describe('rules that others make with nft in the tables of iptables', async () => {
	const stack = suiteStack();
	const { host } = stack.use(createHost({ container: false }));
	const args = ['--app-ports', '8080', '--backend', 'iptables-nft'];
	const nft = (...words: string[]) => host.run('nft', words);
	const masquerade = () => nft('add', 'rule', 'ip', 'nat', 'POSTROUTING', 'oifname', 'vpn0', 'masquerade');
	const table = () => nft('list', 'table', 'ip', 'nat');
	const isOn = () => /jump APPMESH_EGRESS/.test(table());

	beforeEach(() => {
		nft('flush', 'ruleset');
		host.run('iptables-nft', ['-t', 'nat', '-A', 'POSTROUTING', '-p', 'udp', '-j', 'RETURN']);
	});

	test('beside ours: all of ours can be switched on, is told, and can be taken away', async () => {
		masquerade();
		assert.equal(host.run('iptables-nft-save', ['-t', 'nat']).includes('POSTROUTING'), false);
		const before = table();
		await using daemon = await startDaemon(host, { args });
		daemon.ask('enable');
		assert.equal(daemon.status().is, 'enabled');
		assert.ok(isOn());
		assert.equal(daemon.ask('disable').code, 0);
		assert.equal(table().replace(/\n\tchain (OUTPUT|PREROUTING) \{[^}]*\}\n/g, ''), before);
	});

	test('beside ours, later: `turnout clean` finds what there is and takes it away', () => {
		assert.equal(turnout(host, ['init', ...args]).code, 0);
		masquerade();
		assert.ok(isOn());
		assert.equal(turnout(host, ['clean']).code, 0);
		assert.doesNotMatch(table(), /APPMESH/);
		assert.match(table(), /masquerade/);
	});

	test('in a chain of ours: it is put right', async () => {
		await using daemon = await startDaemon(host, { args });
		daemon.ask('enable');
		await wholeRulesOf(host);
		nft('insert', 'rule', 'ip', 'nat', 'APPMESH_EGRESS', 'ct', 'state', 'new', 'return');
		await eventually(table, (text) => !/ct state new return/.test(text));
		await eventually(
			() => daemon.readStatus(),
			({ is, repairs }) => is === 'enabled' && repairs.count === 1,
		);
	});

	test('beside ours, while a program that reads is killed: that is no rule made with nft', async () => {
		masquerade();
		host.run('iptables-nft', ['-t', 'nat', '-A', 'OUTPUT', '-p', 'udp', '-j', 'RETURN']);
		using scratch = createScratch('killed-read');
		const [often, times] = [join(scratch.path, 'often'), (count: number) => writeFileSync(often, 'x'.repeat(count))];
		using wrappers = createWrappers({
			'iptables-nft-save': 'exec "$real" "$@"',
			'iptables-nft': `if [ -s ${often} ]; then truncate -s -1 ${often}; kill -9 $$; fi; exec "$real" "$@"`,
		});
		await using daemon = await startDaemon(host, { args, env: wrappers.env });
		times(1_000);
		assert.match(daemon.ask('enable').stderr, /Cannot read the rules: iptables-nft was ended by a signal/);
		times(1);
		assert.equal(daemon.ask('enable').stderr, '');
		assert.equal(daemon.status().is, 'enabled');
	});

	test('in a chain that leads to ours: nothing is changed, and nobody is told that all is well', async () => {
		host.run('iptables-nft', ['-t', 'nat', '-A', 'OUTPUT', '-p', 'udp', '-j', 'RETURN']);
		nft('add', 'rule', 'ip', 'nat', 'OUTPUT', 'ct', 'state', 'new', 'tcp', 'dport', '7777', 'accept');
		const before = table();
		await using daemon = await startDaemon(host, { args });
		const { code, stderr } = daemon.ask('enable');
		assert.equal(code, 1);
		assert.match(stderr, /^turnout: Cannot read the ipv4 rules: in chain OUTPUT of the table ip nat are rules made/);
		assert.equal(table(), before);
		assert.equal(await daemon.stop(), 0);
		nft('flush', 'ruleset');
		assert.equal(turnout(host, ['init', ...args]).code, 0);
		nft('add', 'rule', 'ip', 'nat', 'OUTPUT', 'ct', 'state', 'new', 'tcp', 'dport', '7777', 'accept');
		assert.equal(turnout(host, ['clean']).code, 1);
		assert.ok(isOn());
		// As docs/rescue.md has it.
		for (const chain of ['APPMESH_EGRESS', 'APPMESH_INGRESS'])
			host.run('iptables-nft', ['-w', '-t', 'nat', '-F', chain]);
		assert.doesNotMatch(table(), /redirect/);
	});
});
