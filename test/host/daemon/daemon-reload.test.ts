import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { ConfigReply } from '../../../src/localapi/protocol.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { askSocket } from '../../lab/net/socket.ts';
import { rulesOf, unhurried, wholeRulesOf } from '../../support/daemon.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { createDaemonHost } from '../../support/with-daemon.ts';

describe('reload', async () => {
	const stack = suiteStack();
	const ports = { world: [80, 443], envoy: [15000, 15001, 16001] };
	const { lab, peers, start } = stack.use(await createDaemonHost(ports));
	const { app } = peers;
	lab.host.run('ip', ['route', 'add', '10.9.0.0/16', 'via', addresses.world.v4, 'table', '177']);
	const file = join(stack.use(createScratch('reload')).path, 'turnout.yaml');
	const write = (text: string) => writeFileSync(file, text);
	write('appPorts: 8080\n');
	const daemon = stack.use(await start(['--config', file, '--start-enabled', '1']));
	const settings = async () => (await askSocket(daemon.socket, 'GET', '/v1/config')).text;
	const counted = () =>
		lab.host.run('sh', ['-c', 'iptables-nft-save -c; ip6tables-nft-save -c']).replace(/^#.*\n/gm, '');

	test('a changed setting is named, and only the rules that depend on it change', async () => {
		write('appPorts: 8080\n');
		daemon.ask('reload');
		const before = (await wholeRulesOf(lab.host)).split('\n');
		write('appPorts: 8080,9000-9100\n');
		const { code, stdout } = daemon.ask('reload');
		assert.equal(code, 0);
		assert.match(stdout, /^changed: appPorts\ninterception {2}enabled since /);
		const now = (await wholeRulesOf(lab.host)).split('\n');
		const gone = before.filter((line) => !now.includes(line));
		const come = now.filter((line) => !before.includes(line));
		assert.equal(now.length, before.length);
		const chains = (lines: readonly string[], ports: string) =>
			[...new Set(lines)].map((line) => new RegExp(`-A (\\w+) .* --dports ${ports} `).exec(line)?.[1]).toSorted();
		assert.deepEqual(chains(gone, '8080'), ['APPMESH_INGRESS', 'APPMESH_INVALID']);
		assert.deepEqual(chains(come, '8080,9000:9100'), ['APPMESH_INGRESS', 'APPMESH_INVALID']);
	});

	test('without a changed setting nothing is committed, and the counters stay', async () => {
		await app.connect(addresses.remote.v4, 443, unhurried);
		await wholeRulesOf(lab.host);
		const before = counted();
		const { code, stdout } = daemon.ask('reload');
		assert.equal(code, 0);
		assert.match(stdout, /^nothing changed\n/);
		assert.equal(counted(), before);
	});

	test('a new setting applies to the next connection, in both families', async () => {
		const { v4, v6 } = addresses.remote;
		const answers = async () =>
			Promise.all([v4, v6].map(async (to) => JSON.stringify(await app.connect(to, 80, unhurried))));
		for (const answer of await answers()) assert.match(answer, /"by":"envoy"/);
		write('egressIgnoredPorts: [80]\n');
		assert.equal(daemon.ask('reload').code, 0);
		for (const answer of await answers()) assert.match(answer, /"by":"remote"/);
	});

	test('the ports of an unmanaged Envoy can be changed by a reload', async () => {
		write('egressPort: 16001\n');
		const { code, stdout } = daemon.ask('reload');
		assert.equal(code, 0);
		assert.match(stdout, /^changed: .*egressPort/);
		assert.partialDeepStrictEqual(await app.connect(addresses.remote.v4, 443, unhurried), { by: 'envoy' });
		assert.match(rulesOf(lab.host), /--to-ports 16001\n/);
	});

	test('a notice about a normalized setting is logged', async () => {
		write('egressIgnoredIps: 10.1.2.3/8\n');
		assert.match(
			daemon.ask('reload').stdout,
			/egressIgnoredIps \(.*turnout\.yaml:1\): 10\.1\.2\.3\/8 has host bits set/,
		);
	});

	for (const [what, text, mistakes] of refused)
		test(`${what} changes nothing: not the rules, not what they counted, not the settings`, async () => {
			write('appPorts: 8080\n');
			assert.equal(daemon.ask('reload').code, 0);
			await wholeRulesOf(lab.host);
			const before = { rules: counted(), settings: await settings(), status: daemon.status() };
			if (text === undefined) rmSync(file);
			else write(text);
			const { code, stdout, stderr } = daemon.ask('reload');
			assert.equal(code, 1);
			assert.equal(stdout, '');
			for (const mistake of mistakes) assert.match(stderr, mistake);
			assert.deepEqual({ rules: counted(), settings: await settings(), status: daemon.status() }, before);
		});

	test('a reload while disabled changes no rule, and the next enable uses the new settings', async () => {
		write('appPorts: 8080\n');
		daemon.ask('reload');
		daemon.ask('disable');
		const before = rulesOf(lab.host);
		write('appPorts: 9090\n');
		assert.match(daemon.ask('reload').stdout, /^changed: appPorts\n/);
		assert.equal(rulesOf(lab.host), before);
		assert.equal(daemon.ask('enable').code, 0);
		assert.match(rulesOf(lab.host), /-A APPMESH_INGRESS .* --dports 9090 /);
	});

	test('during a reload diff and status report no drift', async () => {
		write('appPorts: 8080\n');
		daemon.ask('reload');
		daemon.ask('enable');
		const alarms: string[] = [];
		let isOver = false;
		const ask = async () => {
			while (!isOver) {
				const { text } = await askSocket(daemon.socket, 'GET', '/v1/diff');
				if (!text.includes('"same":true')) alarms.push(text);
			}
		};
		const asking = [ask(), ask(), ask()];
		for (let round = 0; round < 20; round += 1) {
			write(`appPorts: ${8080 + (round % 2)}\n`);
			await askSocket(daemon.socket, 'POST', '/v1/reload', '{}');
		}
		isOver = true;
		await Promise.all(asking);
		assert.deepEqual(alarms, []);
	});

	test('where the new route table has a foreign route, ours are left out, and the raw status shows that table', () => {
		write('appPorts: 8080\n');
		daemon.ask('reload');
		daemon.ask('enable');
		write('appPorts: 8080\nrouteTable: 177\n');
		assert.match(
			daemon.ask('reload').stdout,
			/!! {2}routes: .*route table 177: it holds a route of .* \(10\.9\.0\.0\/16\)/,
		);
		assert.doesNotMatch(lab.host.run('ip', ['-4', 'rule']), /lookup (100|177)/);
		assert.equal(daemon.status().is, 'enabled');
		assert.match(daemon.ask('status', '--raw').stdout, /=== AppMesh routing table ===\n10\.9\.0\.0\/16 via /);
	});

	test('config shows the settings in force, and the line of the file that each came from', async () => {
		write('\nappPorts: 7070\n');
		daemon.ask('reload');
		const { settings: shown } = JSON.parse(await settings()) as ConfigReply;
		assert.deepEqual(
			shown.find(({ key }) => key === 'appPorts'),
			{ key: 'appPorts', value: '7070', origin: `${file}:2` },
		);
	});
});

type Refused = readonly [what: string, text: string | undefined, mistakes: readonly RegExp[]];

const refused: readonly Refused[] = [
	[
		'a file with several mistakes is refused with all of them, and',
		'appPorts: 70000\negresPort: 1\nignoreUids: "a b"\n',
		[
			/3 mistakes/,
			/turnout\.yaml:1\): "70000" is not a port; allowed: /,
			/turnout\.yaml:2: unknown setting "egresPort"; did you mean "egressPort"\?/,
			/turnout\.yaml:3\): "a b" is not an id, a range or a name/,
		],
	],
	['a file that is not YAML', 'appPorts: [80\n', [/turnout\.yaml:\d+: invalid YAML: /]],
	['a file that is gone', undefined, [/Cannot read the settings file .*turnout\.yaml"?: no such file or directory/]],
	['a user that the host does not know', 'ignoreUids: nosuchuser\n', [/unknown user "nosuchuser"/]],
	['two settings that clash', 'appPorts: 15001\n', [/15001 is egressPort, one of Envoy's own ports/]],
	[
		'a setting that is read at the start only',
		'appPorts: 9090\nlogLevel: debug\nenvoy: {runtime: process}\n',
		[
			/^turnout: Cannot reload: envoy\.runtime, logLevel are read only when the daemon starts\n/,
			/Restart turnout to change them; nothing was changed now/,
		],
	],
];
