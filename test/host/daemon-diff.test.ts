import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createActor } from '../../lab/actor.ts';
import { createHost } from '../../lab/host.ts';
import { startDaemon } from '../../lab/turnout.ts';
import type { DiffReply, Status } from '../../src/control/protocol.ts';
import { installOthersRules, rulesOf } from '../support/daemon.ts';
import { askSocket } from '../support/socket.ts';

describe('what somebody changes by hand', async () => {
	const stack = new AsyncDisposableStack();
	after(() => stack.disposeAsync());
	const lab = stack.use(createHost({ container: false }));
	installOthersRules(lab.host);
	const untouched = rulesOf(lab.host);
	const envoy = stack.use(createActor(lab.host, { uid: 1337 }));
	await envoy.listen('envoy', [15000, 15001]);
	const daemon = stack.use(await startDaemon(lab.host, { args: ['--app-ports', '8080'] }));
	const post = async (path: string) => askSocket(daemon.socket, 'POST', path);
	const status = async () => JSON.parse((await askSocket(daemon.socket, 'GET', '/v1/status')).text) as Status;
	const diff = async () => JSON.parse((await askSocket(daemon.socket, 'GET', '/v1/diff')).text) as DiffReply;

	for (const [what, kind, table, line, tamper] of tampering)
		test(`is found, and repaired by enable: ${what}`, async () => {
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
});

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
