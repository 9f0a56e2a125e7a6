// One host on which all is well; then one thing is changed, seen by its check, and changed back.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { CheckName } from '../../../src/doctor/finding.ts';
import { installInterceptor, theirs } from '../../lab/net/other-programs.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { script2019Commands } from '../../lab/script-2019.ts';
import { rulesOf, unprivileged } from '../../support/daemon.ts';
import { lookAt } from '../../support/doctor-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { createDaemonHost } from '../../support/with-daemon.ts';
import { withPrograms } from '../../support/without.ts';

const options: readonly string[] = [
	...['NF_TABLES', 'NFT_NAT', 'NFT_COMPAT', 'NETFILTER_XTABLES', 'NETFILTER_XT_TARGET_REDIRECT', 'NETFILTER_XT_SET'],
	...['ADDRTYPE', 'COMMENT', 'CONNTRACK', 'MULTIPORT', 'OWNER'].map((match) => `NETFILTER_XT_MATCH_${match}`),
	...['IP_SET_HASH_NET', 'IP_SET_BITMAP_PORT'],
];

/** Of a kernel that has its configuration in /boot, or in /proc. */
const configured = `
if [ -e /proc/config.gz ]; then mount --bind "$1" /proc/config.gz
else mount -t tmpfs none /boot; zcat "$1" > "/boot/config-$(uname -r)"; fi
[ ! -d /lib/modules ] || mount -t tmpfs none /lib/modules
[ ! -e /proc/modules ] || mount --bind /dev/null /proc/modules
shift
exec "$@"`;

describe('turnout doctor', async () => {
	const stack = suiteStack();
	const { host, peers, start } = stack.use(await createDaemonHost({ envoy: [15_000, 15_001] }));
	const scratch = stack.use(createScratch('doctor'));
	const nobody = ['--socket', join(scratch.path, 'none.sock'), '--state-directory', join(scratch.path, 'state')];
	const usual = ['--app-ports', '8080', ...nobody];
	const look = (args: readonly string[] = usual, through: readonly string[] = []) => lookAt(host, args, through);
	const shell = (script: string) => host.run('sh', ['-ec', script]);

	test('a host on which all is well: each check is ok, nothing is changed, and it exits with 0', () => {
		const before = rulesOf(host);
		const { code, wrong, findings } = look();
		assert.deepEqual([code, wrong], [0, []]);
		assert.equal(new Set(findings.map(({ check }) => check)).size, findings.length);
		assert.equal(rulesOf(host), before);
	});

	interface Case {
		/** Shell script that changes the host, and that undoes it. */
		readonly change: string;
		readonly undo: string;
		readonly args?: readonly string[];
		readonly check: CheckName;
		readonly says: RegExp;
		readonly code?: 0;
	}
	const sysctl = (name: string, value: number) => `sysctl -qw ${name}=${value}`;

	const cases: Readonly<Record<string, Case>> = {
		'the firewall drops what is redirected': {
			change: 'iptables-nft -A INPUT -p tcp --dport 8080 -j ACCEPT; iptables-nft -A INPUT -p tcp --dport 15000 -j DROP',
			undo: 'iptables-nft -D INPUT -p tcp --dport 8080 -j ACCEPT; iptables-nft -D INPUT -p tcp --dport 15000 -j DROP',
			check: 'firewall',
			says: /^failure: ipv4 connections to port 8080 are redirected to Envoy, where the firewall drops them/,
		},
		'a rule that denies an application port has no effect': {
			change: 'iptables-nft -A INPUT -p tcp --dport 8080 -s 10.9.9.9 -j DROP',
			undo: 'iptables-nft -D INPUT -p tcp --dport 8080 -s 10.9.9.9 -j DROP',
			...{ check: 'denials', code: 0 },
			says: /^warning: .*does not apply to inbound ipv4 connections to port 8080/,
		},
		"another program's chain would come before ours": {
			change: `nft add table ip early; nft add chain ip early o '{ type nat hook output priority -110; }'; nft add rule ip early o tcp dport 443 redirect to :3128`,
			undo: 'nft delete table ip early',
			check: 'order',
			says: /^failure: outbound ipv4 connections.* may bypass Envoy: table ip early, chain o \(priority -110\) comes before ours/,
		},
		'a table of iptables is disabled': {
			change: `nft add table ip nat '{ flags dormant; }'`,
			undo: 'nft add table ip nat',
			check: 'tables',
			says: /^failure: the table ip nat is disabled/,
		},
		'another program uses our route table': {
			change: 'ip rule add from 10.9.9.9 lookup 100',
			undo: 'ip rule del from 10.9.9.9 lookup 100',
			...{ check: 'routes', code: 0 },
			says: /^warning: ours are left out .*route table 100/,
		},
		"another program uses our route table, which keeping the client's address needs": {
			change: 'ip rule add from 10.9.9.9 lookup 100',
			undo: 'ip rule del from 10.9.9.9 lookup 100',
			args: ['--ingress-keep-client', 'application'],
			check: 'routes',
			says: /^failure: Cannot use route table 100/,
		},
		"a mark counts for source addresses, while the application sees the client's": {
			change: sysctl('net.ipv4.conf.all.src_valid_mark', 1),
			undo: sysctl('net.ipv4.conf.all.src_valid_mark', 0),
			args: ['--ingress-keep-client', 'application'],
			...{ check: 'reverse-path', code: 0 },
			says: /^warning: net\.ipv4\.conf\.all\.src_valid_mark is 1/,
		},
		'the kernel picks no connection up': {
			change: sysctl('net.netfilter.nf_conntrack_tcp_loose', 0),
			undo: sysctl('net.netfilter.nf_conntrack_tcp_loose', 1),
			...{ check: 'conntrack', code: 0 },
			says: /^warning: net\.netfilter\.nf_conntrack_tcp_loose is 0/,
		},
		'every connection is answered by a SYN cookie': {
			change: sysctl('net.ipv4.tcp_syncookies', 2),
			undo: sysctl('net.ipv4.tcp_syncookies', 1),
			...{ check: 'syncookies', code: 0 },
			says: /^warning: the kernel answers every connection with a SYN cookie/,
		},
		'IPv6 is not captured': {
			...{ change: '', undo: '', args: ['--ipv6', '0'], check: 'ipv6', code: 0 },
			says: /^warning: IPv6 bypasses Envoy: ipv6 is 0/,
		},
		'IPv6 is demanded, and switched off': {
			change: sysctl('net.ipv6.conf.lo.disable_ipv6', 1),
			undo: sysctl('net.ipv6.conf.lo.disable_ipv6', 0),
			...{ args: ['--ipv6', '1'], check: 'ipv6' },
			says: /^failure: Cannot capture IPv6 \(ipv6 is 1\): IPv6 is off on the loopback/,
		},
		'a setting has a mistake': {
			...{ change: '', undo: '', args: ['--egress-port', 'many'], check: 'settings' },
			says: /^failure: egressPort \(--egress-port\): "many" is not a port/,
		},
		'a user is not known': {
			...{ change: '', undo: '', args: ['--only-uids', 'nosuchuser'], check: 'users' },
			says: /^failure: onlyUids \(--only-uids\): unknown user "nosuchuser"/,
		},
		'there is no Envoy to start': {
			...{ change: '', undo: '', args: ['--envoy-runtime', 'process', '--envoy-command', '/no/envoy'], check: 'envoy' },
			says: /^failure: there is no program \/no\/envoy/,
		},
		'nobody listens where Envoy should': {
			...{ change: '', undo: '', args: ['--egress-port', '15002'], check: 'envoy' },
			says: /^failure: nobody listens on port 15002/,
		},
		'Docker does not answer': {
			...{ change: '', undo: '', check: 'docker' },
			args: ['--envoy-runtime', 'docker', '--envoy-image', 'envoy:1', '--envoy-docker-socket', '/no/docker.sock'],
			says: /^failure: Cannot use Docker: there is no Docker at \/no\/docker\.sock/,
		},
	};

	for (const [title, { change, undo, args = [], check, says, code = 1 }] of Object.entries(cases))
		test(`${check}: ${title}`, () => {
			shell(change);
			using _ = { [Symbol.dispose]: () => void shell(undo) };
			const found = look([...usual, ...args]);
			assert.ok(
				found.of(check).some((text) => says.test(text)),
				found.of(check).join('\n'),
			);
			assert.equal(found.code, code, found.wrong.join());
		});

	test('ports, admin: another program has the ports of Envoy', async () => {
		const { close } = await peers.app.listen('stranger', [15_003, 9_901]);
		const args = [...usual, '--envoy-runtime', 'process', '--envoy-command', 'true'];
		const found = look([...args, '--egress-port', '15003']);
		assert.match(found.of('ports').join(), /^failure: port 15003 is held by .* of user 1000, which is not Envoy's/);
		assert.match(found.of('admin').join(), /^warning: port 9901 \(envoy\.adminPort\) is held by .* of user 1000/);
		await close();
		const after = look(args);
		assert.deepEqual(after.of('ports'), ['ok']);
		assert.match(after.of('admin').join(), /^warning: Envoy was started while another program held port 9901/);
	});

	test('interceptors: Istio redirects the same connections', () => {
		const before = shell('iptables-nft-save -t nat; ip6tables-nft-save -t nat');
		installInterceptor(host, 'nft', 'Istio', theirs.uid);
		assert.match(look().of('interceptors').join(), /^failure: Istio redirects inbound and outbound ipv4/);
		host.run('iptables-nft-restore', [], { input: before.split('# Generated by ip6tables')[0] ?? '' });
		host.run('sh', ['-c', 'ip6tables-nft -t nat -F; ip6tables-nft -t nat -X']);
		assert.deepEqual(look().of('interceptors'), ['ok']);
	});

	test('privileges: another user is told what it cannot see, and fails for nothing that it does not', () => {
		const through = ['setpriv', ...unprivileged(1_000, 1_000), '--'];
		const found = look(usual, through);
		assert.equal(found.code, 0);
		assert.match(found.of('privileges').join(), /^unknown: this user may not see everything/);
		for (const check of ['rules', 'order', 'firewall', 'tables', 'ipv6'] as const)
			assert.match(found.of(check).join(), /^unknown: not looked at: this process lacks CAP_NET_ADMIN$/, check);
		for (const check of ['settings', 'envoy', 'ports', 'conntrack', 'routes'] as const)
			assert.deepEqual(found.of(check), ['ok'], check);
	});

	test('privileges: root of a container without NET_ADMIN has not the right to change rules', () => {
		const through = ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin', '--'];
		const found = look(usual, through);
		assert.match(
			found.of('privileges').join(),
			/^failure: Cannot change the host's rules: this process lacks CAP_NET_ADMIN/,
		);
		assert.equal(found.code, 1);
	});

	test('tools: neither iptables nor nft is installed', () => {
		const found = look(
			usual,
			withPrograms(join(scratch.path, 'programs'), 'rm -f *iptables* *ip6tables* *xtables* nft'),
		);
		assert.match(found.of('tools').join(), /^failure: Cannot change the rules: neither iptables nor ip6tables nor nft/);
	});

	/** What shows which parts the kernel has is its configuration alone, and that lacks these. */
	const withKernel = (...lacking: readonly string[]) => {
		const path = join(scratch.path, 'config.gz');
		const lines = options.filter((option) => !lacking.includes(option)).map((option) => `CONFIG_${option}=y\n`);
		writeFileSync(path, gzipSync(lines.join('')));
		return ['unshare', '--mount', 'sh', '-ec', configured, 'sh', path];
	};

	test('kernel: it lacks a part that the rules take', () => {
		assert.deepEqual(look(usual, withKernel()).of('kernel'), ['ok']);
		const found = look(usual, withKernel('NFT_COMPAT'));
		assert.match(
			found.of('kernel').join(),
			/^failure: the kernel lacks matches of iptables in nft \(module nft_compat\)$/,
		);
	});

	test('lists: long lists, and a kernel without sets', () => {
		const many = Array.from({ length: 100 }, (_, at) => `10.1.${at}.0/24`).join(',');
		const args = [...usual, '--egress-ignored-ips', many];
		assert.deepEqual(look(args, withKernel()).of('lists'), ['ok']);
		const found = look(args, withKernel('IP_SET_HASH_NET'));
		assert.match(found.of('lists').join(), /^warning: the kernel tries the entries of egressIgnoredIps one by one/);
	});

	test('daemon: beside one it judges by its settings, and tells what it finds', async () => {
		await using daemon = await start(['--app-ports', '8080', '--ipv6', '0']);
		const own = ['--socket', daemon.socket];
		assert.deepEqual(look(own).of('daemon'), ['ok']);
		assert.match(look(own).of('ipv6').join(), /^warning: IPv6 bypasses Envoy/);
		const asUser = look(own, ['setpriv', ...unprivileged(1_000, 1_000), '--']);
		assert.match(asUser.of('daemon').join(), /^unknown: not looked at: no permission for its socket/);
		assert.deepEqual([...look(own).of('repairs'), ...look(own).of('tracking')], ['ok', 'ok']);
	});

	test("rules: the 2019 script's are here", () => {
		const { initialise, enable } = script2019Commands({
			...{
				iptables: 'iptables-nft',
				uid: 1337,
				appPorts: [8080],
				ingressPort: 15_000,
				egressPort: 15_001,
				ignoredIps: [],
			},
		});
		for (const [program, ...args] of [...initialise, ...enable]) host.run(program, args);
		const found = look();
		assert.match(found.of('rules').join(), /^failure: the 2019 script redirects connections here/);
		assert.deepEqual(found.of('interceptors'), ['ok']);
	});
});
