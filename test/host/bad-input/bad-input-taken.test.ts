// Input that looks wrong and is taken: trimmed, masked, long, or set to nothing.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { type Snapshot, snapshotHost } from '../../lab/net/snapshot.ts';
import { startDaemon, turnout } from '../../lab/turnout.ts';
import { backends } from '../../support/dialects.ts';
import { assertRefused } from '../../support/refusal.ts';
import { run } from '../../support/run.ts';

const lab = createHost({ container: false });
const { host } = lab;
const scratch = createScratch('taken');
after(() => {
	lab[Symbol.dispose]();
	scratch[Symbol.dispose]();
});

function heldAfter(args: readonly string[], env: Readonly<Record<string, string>> = {}): Snapshot {
	run(host, ['init', ...args], { env });
	return snapshotHost(host);
}

test('spaces around what is written in lists are trimmed, in a flag, a variable and a file', () => {
	const tidy = heldAfter(['--app-ports', '8080,9000-9100', '--ignore-uids', '1337,1000', '--bridges', 'docker0,br-+']);
	const file = join(scratch.path, 'spaces.yaml');
	writeFileSync(file, 'bridges: " docker0 ,br-+ "\n');
	const env = { APPMESH_IGNORE_UID: ' 1337 , 1000 ' };
	const spaced = heldAfter(['--app-ports', ' 8080 , 9000 - 9100 ', '--config', file], env);
	assert.deepEqual(spaced, tidy);
	assert.notDeepEqual(heldAfter(['--app-ports', '8080']), tidy);
});

for (const { backend, dialect } of backends)
	test(`hundreds of ports, none beside another, are captured by ${backend} in both families and read back`, () => {
		run(host, ['clean']);
		const before = snapshotHost(host);
		// Of more a set is made: test/host/daemon/long-lists.test.ts.
		const ports = Array.from({ length: 400 }, (_, at) => 20_001 + 2 * at);
		const report = run(host, ['init', '--json', '--backend', backend, '--app-ports', ports.join(',')]);
		assert.equal(JSON.parse(report.stdout).backend.name, backend);
		const names = backend === 'nft' ? ['nft'] : [backend, `ip6tables-${dialect}`];
		for (const name of names) {
			const held = snapshotHost(host)[name] ?? '';
			assert.deepEqual(backend === 'nft' ? setsSentTo(15000, held) : portsSentTo(15000, held), ports);
		}
		run(host, ['clean']);
		assert.deepEqual(rulesOnly(snapshotHost(host)), rulesOnly(before));
	});

/** The ports of every rule of ours that redirects to this one. */
function portsSentTo(port: number, saved: string): number[] {
	const redirects = new RegExp(`^-A APPMESH_INGRESS .* -j REDIRECT --to-ports ${port}$`);
	const rules = saved.split('\n').filter((line) => redirects.test(line));
	const lists = rules.map((rule) => / --dports? ([\d,:]+)/.exec(rule)?.[1] ?? '');
	return lists.flatMap((list) => list.split(',').map(Number)).sort((a, b) => a - b);
}

/** The same of nft: in each family's chain one set of them. */
function setsSentTo(port: number, listed: string): number[] {
	const [first, ...others] = [...listed.matchAll(new RegExp(`tcp dport \\{([^}]*)\\}.* redirect to :${port} `, 'g'))];
	assert.deepEqual(
		others.map(([, list]) => list),
		[first?.[1]],
	);
	return (first?.[1] ?? '').split(',').map(Number);
}

/** Empty tables that the kernel keeps once they were looked at hold no rule. */
const rulesOnly = (snapshot: Snapshot): string[] =>
	Object.values(snapshot)
		.flatMap((text) => text.split('\n'))
		.filter((line) => /^-A|APPMESH|inet turnout|fwmark|^local default/.test(line));

test('an address with bits beyond its prefix is masked, and that is told by init, run and config', async () => {
	const args = ['--egress-ignored-ips', '10.1.2.3/8,fd00::5/64'];
	const told = ['10.1.2.3/8', '10.0.0.0/8', 'fd00::5/64', 'fd00::/64', 'egressIgnoredIps (--egress-ignored-ips)'];
	const init = run(host, ['init', ...args]);
	const config = run(host, ['config', ...args, '--json']);
	await using daemon = await startDaemon(host, { args });
	for (const said of [`${init.stdout}${init.stderr}`, JSON.parse(config.stdout).notices.join('\n'), daemon.log()])
		for (const each of told) assert.ok(said.includes(each), `${each} is not in: ${said}`);
	daemon.ask('enable');
	const held = snapshotHost(host);
	assert.match(held['iptables-nft'] ?? '', /-d 10\.0\.0\.0\/8 .*-j RETURN/);
	assert.match(held['ip6tables-nft'] ?? '', /-d fd00::\/64 .*-j RETURN/);
	assert.doesNotMatch(held['iptables-nft'] ?? '', /10\.1\.2\.3/);
});

test('a list of addresses that is set to nothing is empty, and not the default', () => {
	const byDefault = heldAfter([]);
	const byFlag = heldAfter(['--egress-ignored-ips=']);
	const byVariable = heldAfter([], { APPMESH_EGRESS_IGNORED_IP: ' ' });
	assert.match(byDefault['iptables-nft'] ?? '', /169\.254\.169\.254/);
	assert.doesNotMatch(byFlag['iptables-nft'] ?? '', /169\.254/);
	assert.deepEqual(byVariable, byFlag);
});

test('app port 22 is refused so that nobody loses SSH, and what the error says to do allows it', () => {
	const before = snapshotHost(host);
	const refused = turnout(host, ['init', '--app-ports', '22,8080']);
	assertRefused(refused, { says: ['22', 'SSH'] });
	assert.deepEqual(snapshotHost(host), before);
	const [variable = ''] = /TURNOUT_\w+/.exec(refused.stderr) ?? [];
	const held = heldAfter(['--app-ports', '22,8080'], { [variable]: '2222' });
	assert.deepEqual(portsSentTo(15000, held['iptables-nft'] ?? ''), [22, 8080]);
	const file = join(scratch.path, 'ssh.yaml');
	writeFileSync(file, 'appPorts: [22, 8080]\ningressIgnoredPorts: []\n');
	assert.deepEqual(portsSentTo(15000, heldAfter(['--config', file])['iptables-nft'] ?? ''), [22, 8080]);
});
