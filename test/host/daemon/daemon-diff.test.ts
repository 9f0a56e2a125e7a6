import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DiffReply } from '../../../src/localapi/protocol.ts';
import type { Condition } from '../../../src/status/types.ts';
import { askSocket } from '../../lab/net/socket.ts';
import { rulesOf, wholeRulesOf } from '../../support/daemon.ts';
import { eventually } from '../../support/eventually.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { withDaemon } from '../../support/with-daemon.ts';

describe('drift: rules that are changed by hand', async () => {
	const { lab, untouched, daemon } = suiteStack().use(await withDaemon(undefined, { envoy: [15000, 15001] }));
	const post = async (path: string) => askSocket(daemon.socket, 'POST', path);
	const status = daemon.readStatus;
	const diff = async () => JSON.parse((await askSocket(daemon.socket, 'GET', '/v1/diff')).text) as DiffReply;

	/** What was told of repairs, from the first on. */
	const repairs = async () =>
		(await askSocket(daemon.socket, 'GET', '/v1/events')).text
			.split('\n')
			.filter(Boolean)
			.map((line) => JSON.parse(line) as { event: string; what?: string })
			.filter(({ event }) => event === 'repaired');

	for (const [what, line, tamper] of tampering)
		test(`is logged and repaired at once: ${what}`, async () => {
			await post('/v1/enable');
			const whole = await wholeRulesOf(lab.host);
			const before = (await repairs()).length;
			lab.host.run('sh', ['-ec', tamper]);
			const made = await eventually(repairs, ({ length }) => length > before);
			assert.match(made[before]?.what ?? '', line);
			assert.equal(await wholeRulesOf(lab.host), whole);
			assert.deepEqual(await diff(), { same: true, differences: [] });
			assert.equal((await status()).is, 'enabled');
		});

	test('a failed repair is reported with its reason; diff marks each line with a sign and exits with 2', async () => {
		await post('/v1/enable');
		lab.host.run('ip', ['link', 'set', 'lo', 'down']);
		const { conditions, is } = await eventually(status, (now) => now.conditions.some(isWrong('repairs')));
		assert.equal(is, 'degraded');
		const whys = conditions.flatMap((condition) =>
			condition.ok || condition.subject === 'envoy' ? [] : [condition.why],
		);
		assert.deepEqual(whys, ['missing: route throw default table 100', 'Cannot add the route: ENETDOWN']);
		const made = (await repairs()).length;
		lab.host.run('ip6tables-nft', ['-t', 'nat', '-A', 'APPMESH_INGRESS', '-p', 'tcp', '-j', 'RETURN']);
		// Routes that cannot be had keep nobody from the rules.
		await eventually(repairs, ({ length }) => length > made);
		const { stdout, code } = daemon.ask('diff');
		assert.equal(code, 2);
		assert.match(stdout, /^\+ ipv6 routing: route local default dev lo table 100$/m);
		const told = daemon.ask('status');
		assert.equal(told.code, 1);
		assert.match(told.stdout, /^interception {2}degraded, wanted: enabled since /);
		assert.match(told.stdout, /ok {2}rules\n {2}!! {2}routes: /);
		lab.host.run('ip', ['link', 'set', 'lo', 'up']);
		await eventually(diff, ({ same }) => same);
		assert.equal(daemon.ask('status').code, 0);
	});

	test('a chain of ours that is recreated after disable is removed', async () => {
		await post('/v1/disable');
		lab.host.run('iptables-nft', ['-t', 'nat', '-N', 'APPMESH_EGRESS']);
		await eventually(
			() => rulesOf(lab.host),
			(now) => now === untouched,
		);
		await eventually(status, ({ is }) => is === 'disabled');
	});
});

const isWrong = (subject: string) => (condition: Condition) => condition.subject === subject && !condition.ok;

type Tampering = readonly [what: string, told: RegExp, tamper: string];

/** Each for sh(1) on the host. */
const tampering: readonly Tampering[] = [
	[
		'a rule is taken out of a chain',
		/^missing in nat: -A APPMESH_EGRESS -d 169\.254\.169\.254\/32 /,
		'iptables-nft -t nat -D APPMESH_EGRESS 3',
	],
	[
		'a rule is put into a chain',
		/^surplus in nat: -A APPMESH_INGRESS -p tcp -j RETURN$/,
		'ip6tables-nft -t nat -I APPMESH_INGRESS 1 -p tcp -j RETURN',
	],
	[
		'two rules change places',
		/^misplaced in nat: -A APPMESH_EGRESS \(order of its rules\)$/,
		`rule=$(iptables-nft -t nat -S APPMESH_EGRESS 3)
		printf '*nat\n-D APPMESH_EGRESS 3\n-I APPMESH_EGRESS 4 %s\nCOMMIT\n' "\${rule#-A APPMESH_EGRESS }" |
			iptables-nft-restore --noflush`,
	],
	[
		'a chain is emptied',
		/^missing in mangle: -A APPMESH_INGRESS .* -j DROP$/,
		'iptables-nft -t mangle -F APPMESH_INGRESS',
	],
	[
		'a chain is gone',
		/^missing in nat: -N APPMESH_INGRESS;/,
		`printf '*nat\n-D PREROUTING 1\n-D PREROUTING 1\n-F APPMESH_INGRESS\n-X APPMESH_INGRESS\nCOMMIT\n' | ip6tables-nft-restore --noflush`,
	],
	['a hook is gone', /^missing in nat: -I OUTPUT 1 .* -j APPMESH_EGRESS$/, 'iptables-nft -t nat -D OUTPUT 1'],
	[
		"a hook stands behind somebody else's rule, as after Docker's start",
		/^misplaced in nat: -I PREROUTING 1 .* -j APPMESH_INGRESS$/,
		`rule=$(iptables-nft -t nat -S PREROUTING 1)
		printf '*nat\n-D PREROUTING 1\n%s\nCOMMIT\n' "$rule" | iptables-nft-restore --noflush`,
	],
	[
		'a second hook',
		/^surplus in nat: -A OUTPUT -p tcp -j APPMESH_EGRESS$/,
		'ip6tables-nft -t nat -A OUTPUT -p tcp -j APPMESH_EGRESS',
	],
	['the policy rule is gone', /^missing in routing: rule 100: fwmark 0x1e7700ce /, 'ip rule del fwmark 0x1e7700ce'],
	[
		'the route is gone',
		/^missing in routing: route throw default table 100; missing in routing: route local default dev lo /,
		'ip -6 route flush table 100',
	],
	[
		'a policy rule that bears our mark of origin is left over',
		/^surplus in routing: rule 99: fwmark 0x77 lookup 177$/,
		'ip rule add priority 99 fwmark 0x77 lookup 177 protocol 206',
	],
];
