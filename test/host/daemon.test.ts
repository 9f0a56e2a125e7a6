import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { createActor } from '../../lab/actor.ts';
import { createHost } from '../../lab/host.ts';
import { addresses } from '../../lab/layout.ts';
import { startDaemon, turnout } from '../../lab/turnout.ts';
import type { DiffReply, Status } from '../../src/control/protocol.ts';
import { installOthersRules, ownLines, rulesOf, unhurried } from '../support/daemon.ts';
import { follow } from '../support/follower.ts';
import { askSocket } from '../support/socket.ts';

describe('a daemon on a host where somebody else runs Envoy', async () => {
	const stack = new AsyncDisposableStack();
	after(() => stack.disposeAsync());
	const lab = stack.use(createHost({ container: false }));
	installOthersRules(lab.host);
	const untouched = rulesOf(lab.host);
	const world = stack.use(createActor(lab.world));
	const app = stack.use(createActor(lab.host, { uid: 1000 }));
	const envoy = stack.use(createActor(lab.host, { uid: 1337 }));
	await Promise.all([
		world.listen('remote', [22, 443]),
		app.listen('app', [8080]),
		envoy.listen('egress listener', [15001]),
		envoy.listen('ingress listener', [15000]),
	]);
	const daemon = stack.use(await startDaemon(lab.host, { args: ['--app-ports', '8080'] }));
	const post = async (path: string, body = '') => askSocket(daemon.socket, 'POST', path, body);
	const get = async (path: string) => askSocket(daemon.socket, 'GET', path);
	const status = async () => JSON.parse((await get('/v1/status')).text) as Status;
	const diff = async () => JSON.parse((await get('/v1/diff')).text) as DiffReply;

	test('its socket is open to its owner and its group, and to nobody else', () => {
		const socket = statSync(daemon.socket);
		assert.ok(socket.isSocket());
		assert.equal(socket.mode & 0o777, 0o660);
	});

	test('it starts as nobody asked it otherwise: disabled, and nothing of it in the kernel', async () => {
		assert.partialDeepStrictEqual(await status(), { wanted: 'disabled', is: 'disabled' });
		assert.equal(rulesOf(lab.host), untouched);
		assert.equal(daemon.ask('status').code, 0);
	});

	test('enable and disable do what they say, however often, and end with what is there', async () => {
		const texts = new Set<string>();
		for (const wanted of ['enable', 'enable', 'enable', 'disable', 'disable', 'enable'] as const) {
			const { code, stdout } = daemon.ask(wanted);
			assert.match(stdout, new RegExp(`^interception  ${wanted}d since `));
			assert.equal(code, 0);
			assert.partialDeepStrictEqual(await status(), { wanted: `${wanted}d`, is: `${wanted}d` });
			const isOn = wanted === 'enable';
			assert.equal(rulesOf(lab.host) === untouched, !isOn);
			if (isOn) texts.add(rulesOf(lab.host));
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

	test('config over the socket tells the settings of the running daemon, and where each came from', async () => {
		const { settings } = JSON.parse((await get('/v1/config')).text);
		const of = (name: string) => settings.find(({ key }: { key: string }) => key === name);
		assert.deepEqual(of('appPorts'), { key: 'appPorts', value: '8080', origin: '--app-ports' });
		assert.deepEqual(of('egressPort'), { key: 'egressPort', value: '15001', origin: 'default' });
	});

	for (const [what, verb, path, body, expected, says] of wrongRequests)
		test(`over the socket ${what} gets ${expected} and the reason`, async () => {
			const wanted = (await status()).wanted;
			const { status: code, text } = await askSocket(daemon.socket, verb, path, body);
			assert.equal(code, expected);
			const { error } = JSON.parse(text);
			assert.deepEqual(Object.keys(error), ['code', 'message', 'remedy']);
			assert.match(`${error.message} ${error.remedy}`, says);
			assert.equal((await status()).wanted, wanted);
		});

	test('an unknown path is told all known ones', async () => {
		const { text } = await get('/v1/stats');
		for (const path of ['status', 'enable', 'disable', 'reload', 'diff', 'config', 'logs', 'events'])
			assert.match(text, new RegExp(`/v1/${path}\\b`));
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

	for (const [what, kind, table, line, tamper] of tampering)
		test(`somebody's change is found and repaired: ${what}`, async () => {
			await post('/v1/enable');
			const whole = rulesOf(lab.host);
			lab.host.run('sh', ['-ec', tamper]);
			const { differences } = await diff();
			const isIt = (each: DiffReply['differences'][number]) =>
				each.kind === kind && each.table === table && line.test(each.line);
			assert.ok(differences.some(isIt), JSON.stringify(differences));
			const { is, conditions } = await status();
			const wrong = conditions.find(({ subject }) => subject === (table === 'routing' ? 'routes' : 'rules'));
			assert.equal(is, 'degraded');
			assert.ok(wrong?.ok === false && /turnout enable$/.test(wrong.remedy), JSON.stringify(wrong));
			await post('/v1/enable');
			assert.deepEqual(await diff(), { same: true, differences: [] });
			assert.equal(rulesOf(lab.host), whole);
		});

	test('diff says each line with a sign, and ends with 2; status then ends with 1 and says why', async () => {
		await post('/v1/enable');
		lab.host.run('iptables-nft', ['-t', 'nat', '-D', 'APPMESH_EGRESS', '1']);
		lab.host.run('ip6tables-nft', ['-t', 'nat', '-A', 'APPMESH_INGRESS', '-p', 'tcp', '-j', 'RETURN']);
		const { stdout, code } = daemon.ask('diff');
		assert.equal(code, 2);
		assert.match(
			stdout,
			/^\+ ipv4 nat: -A APPMESH_EGRESS .*--uid-owner 1337 .*\n- ipv6 nat: -A APPMESH_INGRESS -p tcp -j RETURN\n$/,
		);
		const told = daemon.ask('status');
		assert.equal(told.code, 1);
		assert.match(told.stdout, /^interception {2}degraded, wanted: enabled since /);
		assert.match(told.stdout, /NO {2}rules: 2 lines are not as wanted, the first: missing in nat: -A APPMESH_EGRESS /);
		assert.equal(daemon.ask('enable').code, 0);
		assert.equal(daemon.ask('diff').code, 0);
	});

	test('rules of ours that somebody puts back after disable are found and taken away by disable', async () => {
		await post('/v1/disable');
		lab.host.run('iptables-nft', ['-t', 'nat', '-N', 'APPMESH_EGRESS']);
		assert.equal(daemon.ask('diff').code, 2);
		assert.equal((await status()).is, 'degraded');
		assert.equal(daemon.ask('disable').code, 0);
		assert.equal(rulesOf(lab.host), untouched);
	});

	test('the counters are connections: in, out, and direct', async () => {
		await post('/v1/disable');
		await post('/v1/enable');
		const { host, remote } = addresses;
		for (const to of [host.v4, host.v6, host.v4])
			assert.partialDeepStrictEqual(await world.connect(to, 8080, unhurried), { by: 'ingress listener' });
		for (const to of [remote.v4, remote.v6])
			assert.partialDeepStrictEqual(await app.connect(to, 443, unhurried), { by: 'egress listener' });
		assert.partialDeepStrictEqual(await app.connect(remote.v4, 22, unhurried), { by: 'remote' });
		assert.deepEqual((await status()).counters, { ingress: { connections: 3 }, egress: { connections: 2, direct: 1 } });
		assert.match(daemon.ask('status').stdout, /^connections +3 in, 2 out, 1 direct$/m);
	});

	test('events tells what happened, newest last, and -f goes on with what happens', async () => {
		await post('/v1/enable');
		const kept = daemon.ask('events').stdout.trimEnd().split('\n');
		assert.match(kept.at(-1) ?? '', /^\{"time":"[\dT:.-]+Z","level":"info","event":"interception enabled","backend":/);
		assert.match(kept.find((line) => line.includes('"event":"ready"')) ?? '', /"wanted":"disabled"/);
		using follower = follow(lab.host, ['events', '-f', '--socket', daemon.socket]);
		for (const line of kept) assert.equal(await follower.next(/./), line);
		await post('/v1/disable');
		assert.match(await follower.next(/./), /"event":"interception disabled"/);
		assert.equal(await follower.stop(), 0);
	});

	test('wait ends at once where all is as wanted, and with 1 and the reason when its time is over', async () => {
		await post('/v1/enable');
		assert.equal(daemon.ask('wait').code, 0);
		lab.host.run('iptables-nft', ['-t', 'nat', '-F', 'APPMESH_EGRESS']);
		const { code, stderr } = daemon.ask('wait', '--timeout', '0');
		assert.equal(code, 1);
		assert.match(stderr, /^turnout: Cannot wait any longer: after 0 s .* lines are not as wanted/);
		assert.equal(daemon.ask('enable').code, 0);
	});

	test('a second daemon on the same socket is refused, and the first does not notice', async () => {
		await post('/v1/enable');
		const whole = rulesOf(lab.host);
		await using second = await startDaemon(lab.host, { folder: daemon.folder, args: ['--app-ports', '9090'] });
		assert.equal(await second.ended, 1);
		assert.match(second.log(), /^turnout: Cannot start a second daemon: one answers on .*control\.sock already\n/m);
		assert.equal(rulesOf(lab.host), whole);
		assert.equal((await status()).is, 'enabled');
	});

	test('told to stop, it takes its rules along, and its socket, and ends with 0', async () => {
		await post('/v1/enable');
		assert.notEqual(ownLines(lab.host), 0);
		assert.equal(await daemon.stop(), 0);
		assert.equal(rulesOf(lab.host), untouched);
		assert.throws(() => statSync(daemon.socket), /ENOENT/);
		assert.equal(turnout(lab.host, ['status', '--socket', daemon.socket]).code, 3);
	});
});

type Request = readonly [what: string, verb: string, path: string, body: string, expected: number, says: RegExp];

const wrongRequests: readonly Request[] = [
	['an unknown path', 'GET', '/v1/stats', '', 404, /there is no \/v1\/stats Known: \/v1\/status, /],
	['no path at all', 'GET', '/', '', 404, /Known: /],
	['a path that is none', 'GET', '//', '', 404, /Known: /],
	['a question as a command', 'POST', '/v1/status', '', 405, /\/v1\/status takes no POST Use GET/],
	['a command as a question', 'GET', '/v1/enable', '', 405, /\/v1\/enable takes no GET Use POST/],
	['a stream as a command', 'POST', '/v1/logs', '', 405, /\/v1\/logs takes no POST Use GET/],
	['a body that is no JSON', 'POST', '/v1/enable', '{', 400, /no JSON object/],
	['a body that is no object', 'POST', '/v1/enable', '[]', 400, /no JSON object/],
	['a body that is nothing', 'POST', '/v1/disable', 'null', 400, /no JSON object/],
	['a word that is not known', 'POST', '/v1/enable', '{"force":true}', 400, /"force" is not known here/],
	['a time to drain below zero', 'POST', '/v1/disable', '{"drainSeconds":-1}', 400, /whole number from 0 to 3600/],
	['a time to drain as text', 'POST', '/v1/disable', '{"drainSeconds":"5"}', 400, /whole number from 0 to 3600/],
	['a number of lines that is none', 'GET', '/v1/logs?tail=all', '', 400, /tail is "all" Allowed: a number/],
	['a body over 64 KiB', 'POST', '/v1/disable', `{"drainSeconds":${' '.repeat(65 * 1024)}5}`, 413, /over 64 KiB/],
];

type Tampering = readonly [
	what: string,
	kind: DiffReply['differences'][number]['kind'],
	table: string,
	line: RegExp,
	tamper: string,
];

/** Each for sh(1) on the host. */
const tampering: readonly Tampering[] = [
	[
		'a rule is taken out of a chain',
		'missing',
		'nat',
		/^-A APPMESH_EGRESS -d 169\.254\.169\.254\/32 /,
		'iptables-nft -t nat -D APPMESH_EGRESS 3',
	],
	[
		'a rule is put into a chain',
		'surplus',
		'nat',
		/^-A APPMESH_INGRESS -p tcp -j RETURN$/,
		'ip6tables-nft -t nat -I APPMESH_INGRESS 1 -p tcp -j RETURN',
	],
	[
		'two rules change places',
		'misplaced',
		'nat',
		/^-A APPMESH_EGRESS \(order of its rules\)$/,
		`rule=$(iptables-nft -t nat -S APPMESH_EGRESS 3)
		iptables-nft -t nat -D APPMESH_EGRESS 3
		eval "iptables-nft -t nat -I APPMESH_EGRESS 4 \${rule#-A APPMESH_EGRESS }"`,
	],
	[
		'a chain is emptied',
		'missing',
		'mangle',
		/^-A APPMESH_INGRESS .* -j DROP$/,
		'iptables-nft -t mangle -F APPMESH_INGRESS',
	],
	[
		'a chain is gone',
		'missing',
		'nat',
		/^-N APPMESH_INGRESS$/,
		'ip6tables-nft -t nat -D PREROUTING 1; ip6tables-nft -t nat -F APPMESH_INGRESS; ip6tables-nft -t nat -X APPMESH_INGRESS',
	],
	['a hook is gone', 'missing', 'nat', /^-I OUTPUT 1 .* -j APPMESH_EGRESS$/, 'iptables-nft -t nat -D OUTPUT 1'],
	[
		"a hook stands behind somebody else's rule",
		'misplaced',
		'nat',
		/^-I PREROUTING 1 .* -j APPMESH_INGRESS$/,
		`rule=$(iptables-nft -t nat -S PREROUTING 1)
		iptables-nft -t nat -D PREROUTING 1
		eval "iptables-nft -t nat $rule"`,
	],
	[
		'a second hook',
		'surplus',
		'nat',
		/^-A OUTPUT -p tcp -j APPMESH_EGRESS$/,
		'ip6tables-nft -t nat -A OUTPUT -p tcp -j APPMESH_EGRESS',
	],
	['the policy rule is gone', 'missing', 'routing', /^rule 100: fwmark 0x1e7700ce /, 'ip rule del fwmark 0x1e7700ce'],
	['the route is gone', 'missing', 'routing', /^route local default dev lo /, 'ip -6 route flush table 100'],
	[
		'a policy rule that bears our mark of origin is left over',
		'surplus',
		'routing',
		/^rule 99: fwmark 0x77 lookup 177$/,
		'ip rule add priority 99 fwmark 0x77 lookup 177 protocol 206',
	],
];
