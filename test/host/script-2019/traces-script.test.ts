// A host on which the 2019 script ran: its rule and route are taken over, and go when one says so.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import type { Namespace } from '../../lab/net/namespace.ts';
import type { Dialect } from '../../lab/net/restore.ts';
import { type Snapshot, snapshotHost } from '../../lab/net/snapshot.ts';
import { type Argv, type Script2019Commands, script2019Commands } from '../../lab/script-2019.ts';
import { backends } from '../../support/dialects.ts';
import { ownRules } from '../../support/own-rules.ts';
import { run } from '../../support/run.ts';
import { rulesIn, savedText } from '../../support/saved.ts';
import { changes, withoutEmptyTables } from '../../support/traces.ts';

for (const { backend, dialect } of backends)
	test(`what the 2019 script left in iptables-${dialect} is taken over by ${backend}, stays where it is not ours, and goes with clean --route-manager`, () => {
		using lab = createHost();
		const { host } = lab;
		const before = withoutEmptyTables(snapshotHost(host));
		const settings = ['--app-ports', '8080', '--backend', backend];
		const installed = () => ({ saved: rulesIn(savedText(host, dialect)), own: ownRules(host, backend) });
		run(host, ['init', ...settings]);
		const fresh = installed();
		run(host, ['clean']);

		for (const enable of [1, 2]) {
			start(host, commandsFor(dialect), enable);
			const routing = routingIn(snapshotHost(host));
			run(host, ['init', ...settings]);
			assert.deepEqual(installed(), fresh);
			assert.equal(markedRules(host), 1);
			run(host, ['clean']);
			assert.deepEqual(installed(), { saved: [], own: '' });
			assert.deepEqual(routingIn(snapshotHost(host)), routing);
			run(host, ['clean', '--route-manager']);
			assert.deepEqual(changes(before, withoutEmptyTables(snapshotHost(host))), []);
		}
	});

test('clean --route-manager, or --seed as it was called, takes away each of the rules that a script leaves that was started more than once', () => {
	using lab = createHost();
	const before = withoutEmptyTables(snapshotHost(lab.host));
	start(lab.host, commandsFor('nft'), 2);
	lab.host.run('ip', ['rule', 'add', 'fwmark', '0x1e7700ce', 'lookup', '100', 'priority', '32000']);
	assert.equal(markedRules(lab.host), 2);
	run(lab.host, ['clean', '--seed']);
	assert.deepEqual(changes(before, withoutEmptyTables(snapshotHost(lab.host))), []);
});

for (const dialect of ['nft', 'legacy'] as const)
	test(`clean names what another route manager left in iptables-${dialect}, and what removes it, and leaves it alone`, () => {
		using lab = createHost({ container: false });
		const { host } = lab;
		const iptables = (...args: string[]) => host.run(`iptables-${dialect}`, args);
		// What the route manager of App Mesh's gateways makes beside a chain of the 2019 script's name.
		iptables('-t', 'nat', '-N', 'APPMESH_EGRESS');
		iptables('-t', 'nat', '-N', 'APPMESH_LOCAL');
		iptables(
			'-t',
			'nat',
			'-A',
			'APPMESH_LOCAL',
			'-p',
			'tcp',
			'--dport',
			'15001',
			'-j',
			'REDIRECT',
			'--to-port',
			'10000',
		);
		iptables('-t', 'nat', '-A', 'OUTPUT', '-p', 'tcp', '-m', 'addrtype', '--dst-type', 'LOCAL', '-j', 'APPMESH_LOCAL');
		const hooked = rulesIn(savedText(host, dialect));
		const said = run(host, ['clean']).stdout;
		assert.match(said, /chain APPMESH_LOCAL of nat in iptables-/);
		assert.doesNotMatch(said, /APPMESH_EGRESS/);
		assert.deepEqual(rulesIn(savedText(host, dialect)), hooked);
		const { left } = JSON.parse(run(host, ['clean', '--json']).stdout) as { left: { removal: string[] }[] };
		assert.equal(left.length, 1);
		host.run('sh', ['-es'], { input: (left[0]?.removal ?? []).join('\n') });
		assert.doesNotMatch(savedText(host, dialect), /APPMESH_/);
		assert.deepEqual(JSON.parse(run(host, ['clean', '--json']).stdout), { clean: true });
	});

const commandsFor = (dialect: Dialect): Script2019Commands =>
	script2019Commands({
		iptables: `iptables-${dialect}`,
		uid: 1337,
		appPorts: [8080],
		ingressPort: 15_000,
		egressPort: 15_001,
		ignoredIps: ['169.254.169.254', '169.254.170.2'],
	});

/** `enable` typed so many times: it doubles every rule. */
function start(host: Namespace, script: Script2019Commands, times: number): void {
	const enables = Array.from({ length: times }, () => script.enable).flat();
	for (const [program, ...args] of [...script.initialise, ...enables] satisfies readonly Argv[])
		host.run(program, args);
}

const markedRules = (host: Namespace): number => host.run('ip', ['rule']).match(/fwmark 0x1e7700ce/g)?.length ?? 0;

const routingIn = ({ rules, 'rules v6': rules6, routes, 'routes v6': routes6 }: Snapshot) => [
	rules,
	rules6,
	routes,
	routes6,
];
