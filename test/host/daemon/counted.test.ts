// What rules have counted, by the setting that decides: in the status, as metrics, and live in a terminal; and on, when the rules
// are replaced.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { askSocket } from '../../lab/net/socket.ts';
import { turnoutProgram } from '../../lab/turnout.ts';
import { unhurried } from '../../support/daemon.ts';
import { backends } from '../../support/dialects.ts';
import { openTerminal } from '../../support/terminal.ts';
import { createDaemonHost } from '../../support/with-daemon.ts';

const { remote, host } = addresses;

for (const { backend } of backends)
	test(`with ${backend}, what is counted is told by the setting that decides, and no total goes back`, async (context) => {
		using on = await createDaemonHost({ world: [22, 443], app: [8080], envoy: [15000, 15001] });
		using scratch = createScratch('counted');
		const { app, world } = on.peers;
		const file = join(scratch.path, 'turnout.yaml');
		writeFileSync(file, 'appPorts: 8080\n');
		await using daemon = await on.start(['--config', file, '--backend', backend, '--start-enabled', '1']);
		const connect = async () => {
			for (const _ of [1, 2, 3]) await app.connect(remote.v4, 443, unhurried);
			await app.connect(remote.v6, 443, unhurried);
			await app.connect(remote.v4, 22, unhurried);
			await world.connect(host.v4, 8080, unhurried);
		};
		const counted = async () => {
			const { rules } = (await daemon.readStatus()).counters;
			return Object.fromEntries(rules.map((each) => [`${each.direction} ${each.verdict} ${each.setting}`, each.count]));
		};
		const isAs = async (times: number) => {
			const all = await counted();
			assert.equal(all['egress captured egressPort'], 4 * times);
			assert.equal(all['egress direct egressIgnoredPorts'], times);
			assert.equal(all['ingress captured appPorts'], times);
		};

		await context.test('of both families and directions', async () => {
			await connect();
			await isAs(1);
		});
		await context.test('after a reload that replaces rules, also where nobody has looked before', async () => {
			await connect();
			writeFileSync(file, 'appPorts: 8080,9000\negressIgnoredPorts: 22,5432\nignoreUids: 1337,4000\n');
			assert.equal(daemon.ask('reload').code, 0);
			await isAs(2);
			await connect();
			await isAs(3);
		});
		await context.test('while interception is off, and when it is on again', async () => {
			assert.equal(daemon.ask('disable').code, 0);
			await isAs(3);
			assert.equal(daemon.ask('enable').code, 0);
			await connect();
			await isAs(4);
		});
		await context.test('who dials the listeners from outside', async () => {
			await world.connect(host.v4, 15001, { timeoutMs: 300 });
			assert.ok(((await counted())['ingress dropped guard'] ?? 0) >= 1);
		});
		await context.test('the same as metrics', async () => {
			const { text } = await askSocket(daemon.socket, 'GET', '/metrics');
			const name = 'turnout_rule_matches_total';
			assert.match(text, new RegExp(`^${name}{direction="egress",verdict="captured",setting="egressPort"} 16$`, 'm'));
		});
		await context.test('live in a terminal, until q', async () => {
			assert.match(daemon.ask('top').stdout, /^egress +captured +egressPort +- +16$/m);
			using terminal = openTerminal(on.host, `'${turnoutProgram}' top --socket ${daemon.socket}`);
			await terminal.shows(/egress +captured +egressPort +- +16/);
			await terminal.shows(/egress +captured +egressPort +0\.0 +16/);
			terminal.type('q');
			assert.equal(await terminal.ended, 0);
		});
	});
