// Hosts that lack something: programs, privilege, IPv6.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Status } from '../../../src/status/types.ts';
import { createHost } from '../../lab/net/host.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { snapshotHost } from '../../lab/net/snapshot.ts';
import { startDaemon, turnout } from '../../lab/turnout.ts';
import { assertRefused, assertRefusedJson } from '../../support/refusal.ts';
import { run } from '../../support/run.ts';
import { createVictim } from '../../support/victim.ts';
import { turnoutThrough, withPrograms } from '../../support/without.ts';
import { createWrappers } from '../../support/wrapper.ts';

const victim = createVictim();
after(() => victim[Symbol.dispose]());
const without = (change: string): string[] => withPrograms(join(victim.folder, 'without'), change);

const packages = ['apt-get install iptables', 'dnf install iptables', 'apk add iptables'];

test('without iptables, ip6tables and nft the packages of apt, dnf and apk are named', async () => {
	const through = without('rm -f *tables* nft');
	const says = ['neither iptables nor ip6tables nor nft is installed', ...packages];
	assertRefused(await victim.turnout(['init', '--app-ports', '8080'], { through }), { says });
	assertRefusedJson(await victim.turnout(['clean', '--json'], { through }), { says });
	assertRefused(await victim.daemon(['--app-ports', '8080'], { through }), { says });
	await victim.assertUntouched();
});

test('without iptables and nft, and with ip6tables, it is iptables that is named', async () => {
	const through = without('rm -f iptables* nft');
	const outcome = await victim.turnout(['init', '--app-ports', '8080'], { through });
	assertRefused(outcome, { says: [/iptables is not installed/, 'apt-get install iptables'] });
	assert.doesNotMatch(outcome.stderr, /there is iptables/);
	await victim.assertUntouched();
});

test('a dialect that is asked for and not installed is refused, and what there is is named', async () => {
	const asked = [
		['iptables-legacy', 'rm -f *legacy*', 'iptables-nft'],
		['iptables-nft', 'rm -f *-nft*', 'iptables-legacy'],
	] as const;
	for (const [backend, change, present] of asked) {
		const through = without(change);
		const says = [`backend ${backend}`, 'installed', present, 'TURNOUT_BACKEND'];
		assertRefused(await victim.turnout(['init', '--backend', backend], { through }), { says });
		assertRefusedJson(await victim.daemon(['--json', '--backend', backend], { through }), { says });
	}
	await victim.assertUntouched();
});

test('a kernel that lacks a match is told as that: which one, its module, and the package that has it', () => {
	const warning = (name: string) => `Warning: Extension ${name} revision 0 not supported, missing kernel module?`;
	const of = (program: string, name: string, failed: string) => {
		// As iptables of Debian 12 says it; the line is that of its input.
		const script = `number=$(grep -n -m 1 -e '-[mj] ${name} ' | cut -d: -f1); sed s/LINE/$number/ >&2 <<'END'\n${failed}\nEND\nexit 1`;
		return createWrappers({ [program]: script });
	};
	const cases = [
		[
			'nft',
			'iptables-nft-restore',
			'owner',
			`${warning('owner')}\nline LINE: RULE_APPEND failed (No such file or directory): rule in chain APPMESH_EGRESS`,
		],
		[
			'nft',
			'iptables-nft-restore',
			'REDIRECT',
			`${warning('REDIRECT')}\nline LINE: RULE_APPEND failed (No such file or directory): rule in chain APPMESH_EGRESS`,
		],
		[
			'nft',
			'iptables-nft-restore',
			'addrtype',
			'line LINE: RULE_INSERT failed (No such file or directory): rule in chain OUTPUT',
		],
		[
			'legacy',
			'iptables-legacy-restore',
			'multiport',
			`${warning('multiport')}\niptables-legacy-restore: line LINE failed`,
		],
		[
			'legacy',
			'iptables-legacy-restore',
			'comment',
			"iptables-restore v1.8.9 (legacy): Couldn't load match `comment':No such file or directory",
		],
	] as const;
	for (const [dialect, program, name, said] of cases) {
		using lab = createHost({ container: false });
		using wrappers = of(program, name, said);
		const outcome = turnout(lab.host, ['init', '--app-ports', '8080', '--backend', `iptables-${dialect}`], wrappers);
		assertRefused(outcome, {
			says: [`${name} (module xt_${name})`, `linux-modules-extra-`, 'kernel-modules-extra', `_${name.toUpperCase()}`],
		});
		assert.doesNotMatch(lab.host.run(`iptables-${dialect}-save`, []), /APPMESH_/);
	}
});

test('IPv6 that is asked for on a host without ip6tables is refused', async () => {
	const through = without('rm -f ip6tables*');
	const says = ['ipv6', 'ip6tables is not installed', 'APPMESH_ENABLE_IPV6'];
	assertRefused(await victim.turnout(['init', '--ipv6', '1'], { through }), { says });
	assertRefused(await victim.daemon(['--ipv6', '1'], { through }), { says });
	await victim.assertUntouched();
});

const strangers: readonly (readonly [who: string, through: readonly string[]])[] = [
	['root without CAP_NET_ADMIN', ['setpriv', '--bounding-set=-net_admin']],
	['root of a user namespace only', ['unshare', '--user', '--map-root-user']],
];

for (const [who, through] of strangers)
	test(`${who} may not change rules, and is told what is missing`, async () => {
		const says = ['CAP_NET_ADMIN', /Run turnout as root/];
		assertRefused(await victim.turnout(['init', '--app-ports', '8080'], { through }), { says });
		assertRefusedJson(await victim.turnout(['clean', '--json'], { through }), { says });
		assertRefused(await victim.daemon(['--app-ports', '8080'], { through }), { says });
		await victim.assertUntouched();
	});

test('read-only commands need no privilege', async () => {
	const through = ['setpriv', '--bounding-set=-net_admin'];
	for (const args of [['render'], ['config'], ['version'], ['init', '--help']])
		assert.equal((await victim.turnout(args, { through })).code, 0, args[0]);
	await victim.assertUntouched();
});

for (const dialect of ['nft', 'legacy'] as const) {
	const other = dialect === 'nft' ? 'legacy' : 'nft';
	test(`on a host with only iptables-${dialect} that is used, with the reason`, async () => {
		using lab = createHost({ container: false });
		const through = without(`rm -f *${other}* nft`);
		const { code, stdout } = turnoutThrough(lab.host, through, ['init', '--json', '--app-ports', '8080']);
		assert.equal(code, 0);
		const { backend, families } = JSON.parse(stdout);
		assert.deepEqual(backend, { name: `iptables-${dialect}`, why: 'it is the only one installed' });
		assert.deepEqual(families, ['ipv4', 'ipv6']);
		const held = snapshotHost(lab.host);
		for (const program of ['iptables', 'ip6tables']) {
			assert.match(held[`${program}-${dialect}`] ?? '', /APPMESH_EGRESS/);
			assert.doesNotMatch(held[`${program}-${other}`] ?? '', /APPMESH/);
		}
	});
}

/** As some distributions name them: which dialect they speak, only they can tell. */
const plain = (dialect: string): string => `
rm -f *tables* nft
for family in iptables ip6tables; do
	for name in $family $family-save $family-restore; do ln -s "$1/all/xtables-${dialect}-multi" $name; done
done`;

for (const dialect of ['nft', 'legacy'] as const)
	test(`programs that bear no dialect in their names are asked which they are: ${dialect}`, async () => {
		using lab = createHost({ container: false });
		const through = without(plain(dialect));
		const { stdout, stderr } = turnoutThrough(lab.host, through, ['init', '--json', '--app-ports', '8080']);
		assert.equal(JSON.parse(stdout).backend.name, `iptables-${dialect}`, stderr);
		assert.match(snapshotHost(lab.host)[`iptables-${dialect}`] ?? '', /APPMESH_EGRESS/);
		assert.equal(turnoutThrough(lab.host, through, ['clean']).code, 0);
		assert.doesNotMatch(snapshotHost(lab.host)[`iptables-${dialect}`] ?? '', /-A APPMESH/);
	});

test('a host without /etc/protocols, where nft has no names of protocols, can have the rules of nft', () => {
	using lab = createHost({ container: false });
	const through = ['unshare', '-m', 'sh', '-c', 'mount --bind /dev/null /etc/protocols; exec "$@"', 'sh'];
	for (const _ of [1, 2]) {
		const { code, stderr } = turnoutThrough(lab.host, through, ['init', '--app-ports', '8080', '--backend', 'nft']);
		assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
	}
});

test('without ip6tables IPv4 goes on, and init and status say that IPv6 goes past Envoy', async () => {
	using lab = createHost({ container: false });
	const through = without('rm -f ip6tables*');
	const { code, stdout } = turnoutThrough(lab.host, through, ['init', '--app-ports', '8080']);
	assert.equal(code, 0);
	assert.match(stdout, /for ipv4 in .*\nIPv6 bypasses Envoy: ip6tables is not installed\n$/);
	await using daemon = await startDaemon(lab.host, { args: ['--start-enabled', '1'], through });
	const status = daemon.status();
	assert.deepEqual(status.families, ['ipv4']);
	assert.match(whyOf(status, 'ipv6'), /IPv6 bypasses Envoy: ip6tables is not installed/);
});

/** '' for a condition that is as it should be. */
function whyOf({ conditions }: Status, subject: string): string {
	const condition = conditions.find((each) => each.subject === subject);
	assert.ok(condition !== undefined);
	return condition.ok ? '' : condition.why;
}

test('with IPv6 off in the kernel IPv4 goes on, and status names IPv4 alone and has nothing to complain about', async () => {
	using lab = createHost({ container: false, ipv6: false });
	const { stdout } = run(lab.host, ['init', '--json', '--app-ports', '8080']);
	assert.deepEqual(JSON.parse(stdout).families, ['ipv4']);
	assert.deepEqual(JSON.parse(stdout).notices, []);
	await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '8080', '--start-enabled', '1'] });
	const status = daemon.status();
	assert.equal(status.is, 'enabled');
	assert.deepEqual(status.families, ['ipv4']);
	assert.equal(whyOf(status, 'ipv6'), '');
	assert.match(snapshotHost(lab.host)['iptables-nft'] ?? '', /APPMESH_INGRESS/);
	// Of IPv6 nothing but the guard, for the day on which it is switched on.
	assert.doesNotMatch(snapshotHost(lab.host)['ip6tables-nft'] ?? '', /\*nat|REDIRECT/);
	assert.doesNotMatch(snapshotHost(lab.host)['rules v6'] ?? '', /fwmark/);
});

test('IPv6 that is asked for while it is off in the kernel is refused, and IPv4 is not left on by half', async () => {
	using lab = createHost({ container: false, ipv6: false });
	const before = snapshotHost(lab.host);
	const outcome = turnout(lab.host, ['init', '--app-ports', '8080', '--ipv6', '1']);
	assertRefused(outcome, { says: ['ipv6 is 1', 'IPv6 is off', 'APPMESH_ENABLE_IPV6'] });
	assert.deepEqual(snapshotHost(lab.host), before);
});

test("IPv6 that AWS's controller asks for, as it does in every pod, is told where it is off, and IPv4 goes on", async () => {
	using lab = createHost({ container: false, ipv6: false });
	const env = { APPMESH_ENABLE_IPV6: '1', APPMESH_APP_PORTS: '8080' };
	const told = /ipv6 \(APPMESH_ENABLE_IPV6\): 1 is taken as auto: IPv6 is off on the loopback interface/;
	const { code, stdout, stderr } = turnout(lab.host, ['init'], { env });
	assert.equal(code, 0, stderr);
	assert.match(stdout, /^Interception is on: \d+ rules for ipv4 in /);
	assert.match(stdout, told);
	turnout(lab.host, ['clean']);
	const script = { ...env, APPMESH_START_ENABLED: '1', APPMESH_IGNORE_UID: '1337' };
	const ports = { APPMESH_ENVOY_INGRESS_PORT: '15000', APPMESH_ENVOY_EGRESS_PORT: '15001' };
	const outcome = turnout(lab.host, ['route-manager'], { env: { ...script, ...ports } });
	assert.deepEqual([outcome.code, told.test(outcome.stderr)], [0, true], outcome.stderr);
	await using daemon = await startDaemon(lab.host, { env, args: ['--start-enabled', '1'] });
	assert.match(daemon.log(), told);
	const { is, families } = daemon.status();
	assert.deepEqual({ is, families }, { is: 'enabled', families: ['ipv4'] });
	assert.match(daemon.ask('reload').stdout, told);
});

/** No namespace has another kernel: the real program is asked for a table that this kernel does not have either. */
const noNat = '#!/bin/sh\nsed "s/^\\*nat$/*nope/" | exec /usr/sbin/ip6tables-legacy-restore "$@"\n';

test('on a kernel that cannot redirect IPv6 IPv4 goes on, and init and status say that IPv6 goes past Envoy', async () => {
	using lab = createHost({ container: false });
	using scratch = createScratch('no-nat');
	mkdirSync(join(scratch.path, 'bin'));
	const program = join(scratch.path, 'bin/ip6tables-legacy-restore');
	writeFileSync(program, noNat);
	chmodSync(program, 0o755);
	const env = { PATH: `${join(scratch.path, 'bin')}:${process.env['PATH']}` };
	const settings = ['--app-ports', '8080', '--backend', 'iptables-legacy'];
	const init = run(lab.host, ['init', ...settings], { env });
	assert.match(init.stdout, /for ipv4 in iptables-legacy/);
	assert.match(init.stdout, /IPv6 bypasses Envoy: the kernel does not take IPv6 rules/);
	await using daemon = await startDaemon(lab.host, { args: [...settings, '--start-enabled', '1'], env });
	const status = daemon.status();
	assert.deepEqual(status.families, ['ipv4']);
	assert.match(whyOf(status, 'ipv6'), /IPv6 bypasses Envoy: the kernel/);
	const asked = turnout(lab.host, ['init', ...settings, '--ipv6', '1'], { env });
	assertRefused(asked, { says: ['ip6tables-legacy-restore', 'nope'] });
});
