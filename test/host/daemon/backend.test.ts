// Which firewall backend is chosen on hosts of many kinds, and how it is changed while connections are captured.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { dockerTables, installDockerRules } from '../../lab/net/docker-rules.ts';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import type { Namespace } from '../../lab/net/namespace.ts';
import { createPeer } from '../../lab/net/peer.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { nameOf } from '../../support/calls.ts';
import { eventually } from '../../support/eventually.ts';
import { startListener } from '../../support/talk.ts';
import { turnoutThrough, withPrograms } from '../../support/without.ts';

const firewalldTable = `table inet firewalld {
	chain filter_INPUT {
		type filter hook input priority 10; policy accept;
		ct state established accept
	}
	chain nat_PREROUTING {
		type nat hook prerouting priority -90; policy accept;
		iifname "none" counter
	}
}
`;
const nft = (table: string) => (host: Namespace) => host.run('nft', ['-f', '-'], { input: table });
const everyone =
	(...does: readonly ((host: Namespace) => unknown)[]) =>
	(host: Namespace) => {
		for (const each of does) each(host);
	};
const docker = (dialect: 'nft' | 'legacy') => (host: Namespace) => installDockerRules(host, dialect);
const administrator = (host: Namespace) => host.run('iptables-legacy', ['-A', 'INPUT', '-p', 'udp', '-j', 'ACCEPT']);

interface Row {
	readonly what: string;
	readonly rules: (host: Namespace) => unknown;
	/** Programs that are not installed. */
	readonly lacks?: string;
	readonly expected: string;
}

const IPTABLES = 'iptables* ip6tables* xtables*';
const LEGACY = 'iptables-legacy* ip6tables-legacy* xtables-legacy*';
const IPTABLES_NFT = 'iptables-nft* ip6tables-nft* xtables-nft*';
const none = (): undefined => undefined;

const rows: readonly Row[] = [
	{
		what: 'no rules at all',
		rules: none,
		expected: 'iptables-nft (nothing on this host used nft or iptables-legacy when it was chosen)',
	},
	{ what: 'no iptables', rules: none, lacks: IPTABLES, expected: 'nft (it is the only one installed)' },
	{
		what: 'no iptables, and firewalld',
		rules: nft(firewalldTable),
		lacks: IPTABLES,
		expected: 'nft (it is the only one installed)',
	},
	{
		what: 'iptables-legacy alone',
		rules: none,
		lacks: `nft ${IPTABLES_NFT}`,
		expected: 'iptables-legacy (it is the only one installed)',
	},
	{
		what: 'iptables-nft alone',
		rules: none,
		lacks: `nft ${LEGACY}`,
		expected: 'iptables-nft (it is the only one installed)',
	},
	{
		what: 'nft beside iptables-legacy',
		rules: none,
		lacks: IPTABLES_NFT,
		expected: 'nft (nothing on this host used iptables-legacy when it was chosen)',
	},
	{
		what: "Docker's rules in iptables-nft",
		rules: docker('nft'),
		expected: 'iptables-nft (nothing on this host used nft or iptables-legacy when it was chosen)',
	},
	{
		what: "Docker's rules in iptables-legacy",
		rules: docker('legacy'),
		expected: "iptables-legacy (Docker's rules are there)",
	},
	{ what: "Docker's nftables backend", rules: nft(dockerTables), expected: "nft (Docker's rules are there)" },
	{
		what: "Docker's rules in iptables-nft, and firewalld",
		rules: everyone(docker('nft'), nft(firewalldTable)),
		expected: "iptables-nft (Docker's rules are there)",
	},
	{ what: 'firewalld alone', rules: nft(firewalldTable), expected: 'nft (other rules are there)' },
	{
		what: "an administrator's rules in iptables-legacy, and Docker's nftables backend",
		rules: everyone(administrator, nft(dockerTables)),
		expected: "nft (Docker's rules are there)",
	},
	{
		what: "an administrator's rules in iptables-legacy",
		rules: administrator,
		expected: 'iptables-legacy (other rules are there)',
	},
];

test('the backend is chosen by what is installed and by whose rules are there, the second time as the first', async (context) => {
	using scratch = createScratch('backend');
	for (const { what, rules, lacks, expected } of rows)
		await context.test(`a host with ${what}: ${expected}`, () => {
			using lab = createHost({ container: false });
			rules(lab.host);
			const through = lacks === undefined ? [] : withPrograms(join(scratch.path, 'programs'), `rm -f ${lacks}`);
			const init = () => turnoutThrough(lab.host, through, ['init', '--app-ports', '8080']);
			const [first, second] = [init(), init()];
			assert.deepEqual([first.code, second.code], [0, 0], first.stderr + second.stderr);
			assert.ok(first.stdout.includes(expected), first.stdout);
			const [name] = expected.split(' ');
			assert.ok(second.stdout.includes(`${name} (`), second.stdout);
			assert.equal(turnoutThrough(lab.host, through, ['clean']).code, 0);
		});
});

test('an enabled daemon is moved to another backend and back, goes on with it after a restart, and tells what it cannot do', async () => {
	using lab = createHost({ container: false });
	using app = createPeer(lab.host, { uid: 1000 });
	using world = createPeer(lab.world);
	await world.listen('remote', [443]);
	using envoy = createPeer(lab.host, { uid: 1337 });
	await envoy.listen('envoy', [15001]);
	using scratch = createScratch('backend');
	const connect = async () => nameOf(await app.connect(addresses.world.v4, 443));
	const start = () => startDaemon(lab.host, { args: ['--start-enabled', '1'], folder: scratch.path });
	{
		await using daemon = await start();
		for (const name of ['nft', 'iptables-legacy', 'nft']) {
			const { code, stdout } = daemon.ask('reload', '--backend', name);
			assert.equal(code, 0, stdout);
			assert.match(stdout, /^changed: backend$/m);
			assert.match(stdout, new RegExp(`backend +${name} \\(\`turnout reload --backend\` chose it\\)`));
			assert.equal(await connect(), 'envoy');
			assert.deepEqual(backendsOf(lab.host), [name]);
		}
		assert.match(daemon.ask('reload', '--backend', 'ipfw').stderr, /backend.*auto, iptables-nft, iptables-legacy, nft/);
		assert.match(daemon.ask('reload', '--backend', 'nft', '--confirm', '60').stderr, /leave out --confirm/);
	}
	await using daemon = await start();
	assert.equal((await daemon.readStatus()).backend.name, 'nft');
	assert.equal(daemon.ask('reload', '--backend', 'auto').code, 0);
	assert.equal((await daemon.readStatus()).backend.name, 'iptables-nft');
	assert.deepEqual(backendsOf(lab.host), ['iptables-nft']);
});

test('settings that name a backend are not overruled', async () => {
	using lab = createHost({ container: false });
	await using daemon = await startDaemon(lab.host, { args: ['--backend', 'iptables-nft'] });
	const { code, stderr } = daemon.ask('reload', '--backend', 'nft');
	assert.equal(code, 64);
	assert.match(stderr, /Cannot move to backend nft: --backend says iptables-nft/);
});

test('where the rules of others appear in the other framework, status says so, and the command that it gives puts it right', async () => {
	using lab = createHost({ container: false });
	using _envoy = await startListener(lab.host, 'envoy', 15001, 1337);
	await using daemon = await startDaemon(lab.host, { args: ['--start-enabled', '1', '--app-ports', '8080'] });
	assert.equal((await daemon.readStatus()).backend.name, 'iptables-nft');
	installDockerRules(lab.host, 'legacy');
	const remedy = async () => {
		const found = (await daemon.readStatus()).conditions.find(({ subject }) => subject === 'backend');
		return found === undefined || found.ok ? '' : found.remedy;
	};
	const [, command = ''] = /`turnout (.*?)`/.exec(await eventually(remedy, (text) => text !== '')) ?? [];
	assert.equal(command, 'reload --backend iptables-legacy');
	const moved = daemon.ask(...command.split(' '));
	assert.match(moved.stdout, /^changed: backend$/m, moved.stderr);
	assert.equal(await eventually(remedy, (text) => text === ''), '');
});

/** Those that have rules of ours. */
function backendsOf(host: Namespace): string[] {
	const iptables = ['nft', 'legacy'].filter((dialect) => /-A APPMESH_/.test(host.run(`iptables-${dialect}-save`, [])));
	const isNft = host.tryRun('nft', ['list', 'table', 'inet', 'turnout']).code === 0;
	return [...iptables.map((dialect) => `iptables-${dialect}`), ...(isNft ? ['nft'] : [])];
}
