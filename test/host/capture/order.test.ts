// Rules of others that a connection meets before ours: those that can be overtaken are, the others are told.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Condition } from '../../../src/status/types.ts';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createPeers, type Peers } from '../../lab/net/peers.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { nameOf } from '../../support/calls.ts';
import { backends } from '../../support/dialects.ts';
import { eventually } from '../../support/eventually.ts';
import { createFaultHost, type FaultHost, testFaults } from '../../support/faults.ts';
import { run } from '../../support/run.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const PATIENCE_MS = 5_000;

const order = async ({ status }: FaultHost): Promise<Condition | undefined> =>
	(await status()).conditions.find(({ subject }) => subject === 'order');
const told = async (place: FaultHost): Promise<string> => {
	const condition = await order(place);
	return condition === undefined || condition.ok ? '' : `${condition.why} ${condition.remedy}`;
};
const inbound = async ({ peers }: FaultHost, family: 'v4' | 'v6' = 'v4'): Promise<string> =>
	nameOf(await peers.world.connect(addresses.host[family], 8080, { timeoutMs: PATIENCE_MS }));
const outbound = async ({ peers }: FaultHost, family: 'v4' | 'v6' = 'v4'): Promise<string> =>
	nameOf(await peers.app.connect(addresses.remote[family], 443, { timeoutMs: PATIENCE_MS }));

const nft = ({ lab }: FaultHost, script: string): string => lab.host.run('nft', ['-f', '-'], { input: script });
const dropTable = (place: FaultHost, table: string): string => nft(place, `delete table ${table}\n`);

/** Chains of somebody who sends what is captured elsewhere: to other ports of the same hosts. */
const translating = (table: string, priority: number): string => `
table ${table} {
	chain in {
		type nat hook prerouting priority ${priority}
		fib daddr type local tcp dport 8080 redirect to :8081
	}
	chain out {
		type nat hook output priority ${priority}
		tcp dport 443 counter redirect to :9090
	}
}
`;

const hiding = `
table inet other {
	chain in {
		type filter hook prerouting priority -300
		tcp dport 8080 notrack
	}
}
`;

for (const { backend } of backends)
	describe(`with rules of ours in ${backend}`, async () => {
		const stack = suiteStack();
		const place = stack.use(await createFaultHost(backend));
		const { host } = place.lab;

		for (const [what, script, undo] of [
			['a nat chain of nft with a priority before ours', translating('inet other', -110), 'inet other'],
			['a chain of nft that hides connections from nat', hiding, 'inet other'],
		] as const)
			test(`${what} is told with the rule, is a failure of wait, and is forgotten when it goes`, async () => {
				assert.equal(await told(place), '');
				nft(place, script);
				assert.equal(await inbound(place), 'app');
				const why = await eventually(
					() => told(place),
					(text) => text !== '',
				);
				assert.match(why, /table inet other, chain in \(priority -\d+\) comes before ours/);
				assert.match(why, /port 8080/);
				assert.match(why, /tcp dport 8080 (redirect|notrack)/);
				assert.equal(place.daemon.ask('status').code, 1);
				assert.equal(place.daemon.ask('wait', '--timeout', '0').code, 1);
				await eventually(place.daemon.log, (log) => log.includes("others' rules matter"));
				dropTable(place, undo);
				await eventually(
					() => told(place),
					(text) => text === '',
				);
				assert.equal(await inbound(place), 'ingress listener');
			});

		for (const program of ['iptables-nft', 'iptables-legacy', 'ip6tables-nft', 'ip6tables-legacy'])
			test(`NOTRACK in raw of ${program} is told`, async () => {
				const family = program.startsWith('ip6') ? 'v6' : 'v4';
				const rule = ['PREROUTING', '-p', 'tcp', '-m', 'tcp', '--dport', '8080', '-j', 'CT', '--notrack'];
				host.run(program, ['-t', 'raw', '-A', ...rule]);
				assert.equal(await inbound(place, family), 'app');
				const why = await eventually(
					() => told(place),
					(text) => text !== '',
				);
				assert.match(why, new RegExp(`inbound ip${family} connections`));
				assert.match(why, /raw.*--dport 8080 -j CT --notrack/);
				host.run(program, ['-t', 'raw', '-D', ...rule]);
				await eventually(
					() => told(place),
					(text) => text === '',
				);
			});

		test('rules before ours that take nothing of what is captured are no matter', async () => {
			nft(
				place,
				`
table inet harmless {
	chain in {
		type nat hook prerouting priority -120
		fib daddr type local tcp dport { 81, 9000-9100 } redirect to :82
		udp dport 8080 redirect to :82
		tcp dport 8080 accept
		ip saddr 192.0.2.0/24 tcp dport 22 redirect to :82
	}
	chain out {
		type nat hook output priority -120
		ip daddr 169.254.169.254 tcp dport 80 redirect to :82
		fib daddr type local tcp dport 8080 redirect to :82
		meta l4proto tcp meta skuid 1337 redirect to :82
	}
	chain raw {
		type filter hook prerouting priority -300
		udp dport 53 notrack
		tcp dport 8080 accept
	}
}
`,
			);
			assert.equal(await told(place), '');
			assert.equal(await inbound(place), 'ingress listener');
			assert.equal(await outbound(place), 'egress listener');
			dropTable(place, 'inet harmless');
		});

		if (backend === 'nft')
			test("chains of others with the priority that Docker's have are asked after ours whenever they are made, and nothing is repaired or told", async () => {
				const { count } = (await place.status()).repairs;
				for (const table of ['ip docker-bridges', 'inet netavark', 'ip6 kube-proxy']) {
					nft(place, translating(table, -100));
					for (const family of ['v4', 'v6'] as const) {
						assert.equal(await inbound(place, family), 'ingress listener');
						assert.equal(await outbound(place, family), 'egress listener');
					}
					assert.equal(await told(place), '');
					dropTable(place, table);
				}
				assert.equal((await place.status()).repairs.count, count);
			});
	});

test('iptables-nft, where its nat comes later than that of iptables-legacy, is told', async () => {
	await using place = await createFaultHost('iptables-legacy');
	const rule = ['PREROUTING', '-p', 'tcp', '-m', 'tcp', '--dport', '8080', '-j', 'REDIRECT', '--to-ports', '8081'];
	place.lab.host.run('iptables-nft', ['-t', 'nat', '-A', ...rule]);
	assert.equal(await inbound(place), 'app');
	const why = await eventually(
		() => told(place),
		(text) => text !== '',
	);
	assert.match(why, /table ip nat, chain PREROUTING \(priority -100\) comes before ours and has "-A PREROUTING -p tcp/);
});

test('chains that are there before turnout is are asked after ours from the start, whoever came first', async () => {
	using lab = createHost({ container: false });
	const { host } = lab;
	for (const program of ['iptables-nft', 'ip6tables-nft']) {
		// Makes the chains that ours are in.
		host.run(program, ['-t', 'nat', '-A', 'PREROUTING', '-j', 'ACCEPT']);
		host.run(program, ['-t', 'nat', '-A', 'OUTPUT', '-j', 'ACCEPT']);
		host.run(program, ['-t', 'nat', '-F']);
	}
	host.run('nft', ['-f', '-'], { input: translating('inet netavark', -100) });
	const answer = async (peers: Peers) => nameOf(await peers.world.connect(addresses.host.v4, 8080));
	using peers = await createPeers(lab);
	run(host, ['init', '--app-ports', '8080']);
	assert.equal(await answer(peers), 'ingress listener');
	run(host, ['clean']);
	host.run('nft', ['-f', '-'], { input: `delete table inet netavark\n${translating('inet netavark', -100)}` });
	await using daemon = await startDaemon(host, { args: ['--app-ports', '8080', '--start-enabled', '1'] });
	assert.equal(await answer(peers), 'ingress listener');
	const { repairs, conditions } = daemon.status();
	assert.equal(repairs.count, 0);
	assert.equal(conditions.find(({ subject }) => subject === 'order')?.ok, true);
});

test('init tells of what comes before its rules', () => {
	using lab = createHost({ container: false });
	lab.host.run('nft', ['-f', '-'], { input: translating('inet other', -110) });
	const { stdout } = run(lab.host, ['init', '--app-ports', '8080']);
	assert.match(stdout, /may bypass Envoy: table inet other, chain in \(priority -110\) comes before ours/);
});

describe('chains that others make later, with the priority that ours have', async () => {
	const stack = suiteStack();
	const place = stack.use(await createFaultHost('iptables-nft'));

	for (const table of ['ip docker-bridges', 'inet netavark', 'ip6 kube-proxy'])
		test(`those of table ${table} are asked after ours in a moment, and it is told as a repair`, async () => {
			const { count } = (await place.status()).repairs;
			nft(place, translating(table, -100));
			const { repairs } = await eventually(place.status, (status) => status.repairs.count > count);
			assert.match(repairs.last?.what ?? '', new RegExp(`nat came behind table ${table}`));
			await eventually(
				() => told(place),
				(text) => text === '',
			);
			for (const family of ['v4', 'v6'] as const) {
				assert.equal(await inbound(place, family), 'ingress listener');
				assert.equal(await outbound(place, family), 'egress listener');
			}
			dropTable(place, table);
		});

	test('iptables-legacy, where its nat comes later than ours, is asked after ours too', async () => {
		place.lab.host.run('iptables-legacy', [
			...['-t', 'nat', '-A', 'PREROUTING', '-p', 'tcp', '--dport', '8080', '-j', 'REDIRECT', '--to-ports', '8081'],
		]);
		await eventually(
			() => inbound(place),
			(name) => name === 'ingress listener',
		);
		await eventually(
			() => told(place),
			(text) => text === '',
		);
	});

	testFaults(
		() => place,
		['ip', 'ip6', 'inet'].map((family) => ({
			what: `somebody makes nat chains again and again with nft in a table ${family}, with the priority of ours`,
			script: `nft -f - <<'END'\n${translating(`${family} again`, -100)}END\nsleep 0.3
				nft -f - <<'END'\ndelete table ${family} again\n${translating(`${family} again`, -100)}END`,
			undo: `sleep 0.3; nft delete table ${family} again`,
		})),
	);

	test('where others have rules in the same chain as ours it stays as it is, and is told', async () => {
		const { host } = place.lab;
		host.run('iptables-nft', ['-t', 'nat', '-A', 'PREROUTING', '-p', 'udp', '-j', 'ACCEPT']);
		const before = host.run('iptables-nft-save', ['-t', 'nat']).match(/^-A PREROUTING.*$/gm);
		nft(place, translating('ip later', -100));
		const why = await eventually(
			() => told(place),
			(text) => text !== '',
		);
		assert.match(why, /table ip later, chain in \(priority -100\) comes before ours and has "fib daddr type local tcp/);
		assert.equal(await inbound(place), 'app');
		assert.deepEqual(host.run('iptables-nft-save', ['-t', 'nat']).match(/^-A PREROUTING.*$/gm), before);
		dropTable(place, 'ip later');
		await eventually(
			() => told(place),
			(text) => text === '',
		);
	});
});
