// The commands that the documentation gives to administrators, tried where they are needed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Actor, createActor } from '../../lab/actor.ts';
import { createCast } from '../../lab/cast.ts';
import { installDockerRules } from '../../lab/docker-rules.ts';
import { createHost } from '../../lab/host.ts';
import { addresses } from '../../lab/layout.ts';
import type { Namespace } from '../../lab/namespace.ts';
import { installAdministratorRules } from '../../lab/neighbours.ts';
import type { Dialect } from '../../lab/restore.ts';
import { snapshotHost } from '../../lab/snapshot.ts';
import { backendOf, dialects } from '../support/dialects.ts';
import { commandsOf } from '../support/pages.ts';
import { run } from '../support/run.ts';
import { changes } from '../support/traces.ts';

const { host: ours, remote } = addresses;

/** Every chain that there is. */
const everything = ['--bridges', 'docker0', '--only-uids', '1000,1337', '--egress-only-ips', '0.0.0.0/0,::/0'].concat(
	...[
		['--egress-only-ports', '1-65535'],
		['--app-ports', '8080'],
	],
);

for (const dialect of dialects) {
	test(`with ${dialect} rules the commands for a host that drops what it does not know let in what is captured`, async () => {
		using lab = createHost();
		using cast = await createCast(lab);
		installAdministratorRules(lab.host, dialect);
		run(lab.host, ['init', '--app-ports', '8080', '--bridges', 'docker0', '--backend', backendOf(dialect)]);
		const inbound = () => answersTo(cast.world, ours, 8080);
		const outbound = () => answersTo(cast.app, remote, 443);
		const bridged = () => answersTo(cast.container, remote, 443);
		assert.deepEqual(await Promise.all([inbound(), bridged()]), [both('timeout'), both('timeout')]);
		follow(lab.host, dialect, 'docs/firewalls.md', 'INPUT: redirected to Envoy, dialled on an app port');
		follow(lab.host, dialect, 'docs/firewalls.md', 'INPUT: containers behind a captured bridge');
		assert.deepEqual(await Promise.all([inbound(), bridged()]), [both('ingress listener'), both('egress listener')]);
		assert.deepEqual(await outbound(), both('egress listener'));
		closeOutput(lab.host, dialect);
		const dialled = () => answersTo(cast.world, ours, 15000);
		assert.deepEqual(await Promise.all([outbound(), dialled()]), [both('timeout'), both('timeout')]);
		follow(lab.host, dialect, 'docs/firewalls.md', "OUTPUT: to Envoy's outbound listener");
		assert.deepEqual(await outbound(), both('egress listener'));
	});

	test(`with ${dialect} rules a host is rescued without turnout, and nobody else's rule is touched`, async () => {
		using lab = createHost();
		using app = createActor(lab.host, { uid: 1000 });
		using world = createActor(lab.world);
		await world.listen('remote', [443]);
		installDockerRules(lab.host, dialect);
		installAdministratorRules(lab.host, dialect);
		// On such a host nothing that iptables makes when it is first needed is new.
		for (const family of ['', '6']) lab.host.run(`ip${family}tables-${dialect}`, ['-t', 'mangle', '-I', 'PREROUTING']);
		const before = snapshotHost(lab.host);
		run(lab.host, ['init', ...everything, '--backend', backendOf(dialect)]);
		assert.deepEqual(await answersTo(app, remote, 443), both('refused'));
		follow(lab.host, dialect, 'docs/when-something-is-wrong.md', 'Stop redirecting');
		assert.deepEqual(await answersTo(app, remote, 443), both('remote'));
		run(lab.host, ['init', ...everything, '--backend', backendOf(dialect)]);
		follow(lab.host, dialect, 'docs/when-something-is-wrong.md', "Take away all of turnout's");
		assert.deepEqual(changes(before, snapshotHost(lab.host)), []);
		assert.match(run(lab.host, ['clean']).stdout, /Nothing that bears our names is left/);
	});
}

/** As they stand on the page, with the dialect's programs by their own names. */
function follow(host: Namespace, dialect: Dialect, page: string, comment: string): void {
	const text = commandsOf(page, comment).replaceAll(
		'in iptables ip6tables;',
		`in iptables-${dialect} ip6tables-${dialect};`,
	);
	host.run('sh', ['-es'], { input: text });
}

function closeOutput(host: Namespace, dialect: Dialect): void {
	for (const program of [`iptables-${dialect}`, `ip6tables-${dialect}`]) {
		host.run(program, ['-A', 'OUTPUT', '-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED', '-j', 'ACCEPT']);
		host.run(program, ['-A', 'OUTPUT', '-p', program.startsWith('ip6') ? 'ipv6-icmp' : 'icmp', '-j', 'ACCEPT']);
		host.run(program, ['-P', 'OUTPUT', 'DROP']);
	}
}

const both = (name: string): string[] => [name, name];

const answersTo = (who: Actor, { v4, v6 }: { readonly v4: string; readonly v6: string }, port: number) =>
	Promise.all(
		[v4, v6].map(async (address) => {
			const answer = await who.connect(address, port, { timeoutMs: 1_000 });
			return answer.kind === 'answered' ? answer.by : answer.kind;
		}),
	);
