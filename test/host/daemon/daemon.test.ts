import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { askSocket } from '../../lab/net/socket.ts';
import { turnout } from '../../lab/turnout.ts';
import { ownLines, rulesOf, unhurried, wholeRulesOf } from '../../support/daemon.ts';
import { eventually } from '../../support/eventually.ts';
import { follow } from '../../support/follower.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { createDaemonHost } from '../../support/with-daemon.ts';

describe('a daemon on a host where somebody else runs Envoy', async () => {
	const stack = suiteStack();
	const { lab, untouched, peers, start } = stack.use(await createDaemonHost({ world: [22, 443], app: [8080] }));
	const { world, app, envoy } = peers;
	await Promise.all([envoy.listen('egress listener', [15001]), envoy.listen('ingress listener', [15000])]);
	const daemon = stack.use(await start());
	const post = async (path: string) => askSocket(daemon.socket, 'POST', path);
	const get = async (path: string) => askSocket(daemon.socket, 'GET', path);
	const status = daemon.readStatus;

	test('it starts disabled unless told otherwise, and puts nothing into the kernel', async () => {
		assert.partialDeepStrictEqual(await status(), { wanted: 'disabled', is: 'disabled' });
		assert.equal(rulesOf(lab.host), untouched);
		assert.equal(daemon.ask('status').code, 0);
	});

	test('enable and disable can be repeated, and always give the same rules', async () => {
		const texts = new Set<string>();
		for (const wanted of ['enable', 'enable', 'enable', 'disable', 'disable', 'enable'] as const) {
			const { code, stdout } = daemon.ask(wanted);
			assert.match(stdout, new RegExp(`^interception  ${wanted}d since `));
			assert.equal(code, 0);
			assert.partialDeepStrictEqual(await status(), { wanted: `${wanted}d`, is: `${wanted}d` });
			const isOn = wanted === 'enable';
			assert.equal(rulesOf(lab.host) === untouched, !isOn);
			if (isOn) texts.add(await wholeRulesOf(lab.host));
		}
		assert.equal(texts.size, 1);
	});

	test('what --json prints is what the socket replies', async () => {
		await post('/v1/enable');
		for (const [words, path] of [
			[['status'], '/v1/status'],
			[['diff'], '/v1/diff'],
		] as const) {
			const { stdout, code } = daemon.ask(...words, '--json');
			assert.deepEqual(JSON.parse(stdout), JSON.parse((await get(path)).text));
			assert.equal(code, 0);
		}
		for (const command of ['enable', 'disable'] as const) {
			const { stdout } = daemon.ask(command, '--json');
			assert.deepEqual(JSON.parse(stdout), JSON.parse((await post(`/v1/${command}`)).text));
		}
		const reload = daemon.ask('reload', '--json');
		assert.deepEqual(JSON.parse(reload.stdout), JSON.parse((await post('/v1/reload')).text));
		assert.equal(typeof JSON.parse(daemon.ask('status', '--raw', '--json').stdout).text, 'string');
	});

	test("status --raw has the script's five sections in its order, each as the tool prints it", async () => {
		await post('/v1/enable');
		const { stdout, code } = daemon.ask('status', '--raw');
		assert.deepEqual(
			stdout.split('\n').filter((line) => line.startsWith('===')),
			[
				'Routing rules',
				'AppMesh routing table',
				'iptables FORWARD table',
				'iptables NAT table',
				'iptables MANGLE table',
			].map((title) => `=== ${title} ===`),
		);
		for (const part of [
			/fwmark 0x1e7700ce lookup 100/,
			/local default dev lo/,
			/Chain FORWARD/,
			/Chain APPMESH_EGRESS/,
		])
			assert.match(stdout, part);
		assert.equal(code, 0);
	});

	test('the counters count connections: in, out and direct', async () => {
		await post('/v1/disable');
		await post('/v1/enable');
		const { host, remote } = addresses;
		for (const to of [host.v4, host.v6, host.v4])
			assert.partialDeepStrictEqual(await world.connect(to, 8080, unhurried), { by: 'ingress listener' });
		for (const to of [remote.v4, remote.v6])
			assert.partialDeepStrictEqual(await app.connect(to, 443, unhurried), { by: 'egress listener' });
		assert.partialDeepStrictEqual(await app.connect(remote.v4, 22, unhurried), { by: 'remote' });
		const { rules, ...counters } = (await status()).counters;
		assert.deepEqual(counters, {
			...{ ingress: { connections: 3 }, egress: { connections: 2, direct: 1 }, dropped: 0 },
		});
		const own = rules.filter(({ count }) => count > 0).map(({ setting, count }) => [setting, count]);
		assert.deepEqual(own, [
			['egressPort', 2],
			['egressIgnoredPorts', 1],
			['appPorts', 3],
		]);
		assert.match(daemon.ask('status').stdout, /^connections +3 in, 2 out, 1 direct$/m);
	});

	test('events lists what happened, newest last, and -f follows', async () => {
		await post('/v1/enable');
		const kept = daemon.ask('events', '--json').stdout.trimEnd().split('\n');
		assert.match(kept.at(-1) ?? '', /^\{"time":"[\dT:.-]+Z","level":"info","event":"interception enabled","backend":/);
		assert.match(kept.find((line) => line.includes('"event":"ready"')) ?? '', /"wanted":"disabled"/);
		using follower = follow(lab.host, ['events', '-f', '--json', '--socket', daemon.socket]);
		for (const line of kept) assert.equal(await follower.next(/./), line);
		await post('/v1/disable');
		assert.match(await follower.next(/./), /"event":"interception disabled"/);
		assert.equal(await follower.stop(), 0);
	});

	test('ps and ss show the daemon as turnout, and ps its arguments too', () => {
		const own = `/proc/${daemon.process.pid}`;
		assert.equal(readFileSync(`${own}/comm`, 'utf8'), 'turnout\n');
		assert.match(readFileSync(`${own}/cmdline`, 'utf8'), /\0run\0--no-prompt\0/);
	});

	test('wait returns at once where all is well, and with 1 and the reason on a timeout', async () => {
		await post('/v1/enable');
		assert.equal(daemon.ask('wait').code, 0);
		const thief = 'table ip thief { chain out { type filter hook output priority -300; tcp dport 443 notrack; }; }';
		lab.host.run('nft', ['-f', '-'], { input: thief });
		const { stderr } = await eventually(
			async () => daemon.ask('wait', '--timeout', '0'),
			({ code }) => code === 1,
		);
		lab.host.run('nft', ['delete', 'table', 'ip', 'thief']);
		assert.match(stderr, /^turnout: Timed out after 0 s: .* may bypass Envoy: table ip thief, chain out .*notrack/);
		assert.equal(daemon.ask('wait', '--timeout', '10').code, 0);
	});

	test('a second daemon on the same socket is refused, and the first is not disturbed', async () => {
		await post('/v1/enable');
		const whole = await wholeRulesOf(lab.host);
		await using second = await start(['--app-ports', '9090'], { folder: daemon.folder });
		assert.equal(await second.ended, 1);
		assert.match(second.log(), /^turnout: Cannot start a second daemon: one already answers on .*control\.sock\n/m);
		assert.equal(rulesOf(lab.host), whole);
		assert.equal((await status()).is, 'enabled');
	});

	test('stopped, it removes its rules and its socket and exits with 0', async () => {
		await post('/v1/enable');
		assert.notEqual(ownLines(lab.host), 0);
		assert.equal(await daemon.stop(), 0);
		assert.equal(rulesOf(lab.host), untouched);
		assert.throws(() => statSync(daemon.socket), /ENOENT/);
		assert.equal(turnout(lab.host, ['status', '--socket', daemon.socket]).code, 3);
	});
});
