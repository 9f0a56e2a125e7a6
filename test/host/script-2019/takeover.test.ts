// A host that the 2019 script runs is taken over: no moment without capture, and nothing of the script's is left.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createHost, type Host } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import { installInterceptor, istioInNft, theirs } from '../../lab/net/other-programs.ts';
import { createPeers, type Peers } from '../../lab/net/peers.ts';
import type { LoadCounts } from '../../lab/net/protocol.ts';
import type { Dialect } from '../../lab/net/restore.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { script2019Commands } from '../../lab/script-2019.ts';
import { startDaemon, turnout } from '../../lab/turnout.ts';
import { nameOf } from '../../support/calls.ts';
import { rulesOf } from '../../support/daemon.ts';
import { eventually } from '../../support/eventually.ts';
import { run } from '../../support/run.ts';
import { answers, createTalkingHost } from '../../support/talking-host.ts';

const IPS = ['169.254.169.254', '169.254.170.2'];

function runScript({ host }: Pick<Host, 'host'>, dialect: Dialect, appPorts: readonly number[] = [8080]): void {
	const script = script2019Commands({
		...{ iptables: `iptables-${dialect}`, uid: 1337, appPorts, ignoredIps: IPS },
		...{ ingressPort: 15_000, egressPort: 15_001 },
	});
	for (const [program, ...args] of [...script.initialise, ...script.enable]) host.run(program, args);
}

/** The script captures IPv4 only. */
async function startLoads({ app, world }: Peers) {
	const calm = { clients: 3, pauseMs: 3, timeoutMs: 20_000, limitMs: 120_000 };
	const outbound = await app.startLoad({ address: addresses.remote.v4, port: 443, ...calm });
	const inbound = await world.startLoad({ address: addresses.host.v4, port: 8080, ...calm });
	return {
		async [Symbol.asyncDispose]() {
			await Promise.all([outbound.stop(), inbound.stop()]);
		},
		stop: async () => [await outbound.stop(), await inbound.stop()],
		counts: async () => (await outbound.counts()).connections + (await inbound.counts()).connections,
	};
}

function assertCaptured([outbound, inbound]: readonly LoadCounts[]): void {
	const of = (counts: LoadCounts | undefined) => [Object.keys(counts?.by ?? {}), counts?.failures, counts?.limited];
	assert.deepEqual(of(outbound), [['egress listener'], {}, false]);
	assert.deepEqual(of(inbound), [['ingress listener'], {}, false]);
}

const routing = ({ host }: Host): string =>
	host.run('sh', ['-c', 'ip rule show fwmark 0x1e7700ce; ip route show table 100 2>/dev/null; true']);

const ofOthers = (rules: string): string[] =>
	rules.split('\n').filter((line) => /^-A (?!.*(APPMESH_|"turnout: ))/.test(line));

describe('under load, the script in one dialect and turnout in another', () => {
	const moves: readonly (readonly [script: Dialect, backend: string])[] = [
		['nft', 'iptables-nft'],
		['nft', 'nft'],
		['legacy', 'iptables-legacy'],
	];
	for (const [script, backend] of moves)
		test(`iptables-${script} → ${backend}: 0 failed, 0 past Envoy, and the script's rule and route are gone`, async (context) => {
			using lab = createHost({ container: false });
			using peers = await createPeers(lab);
			runScript(lab, script);
			await using loads = await startLoads(peers);
			await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '8080', '--backend', backend] });
			assert.match(routing(lab), /^32765:/m);
			const { stdout, stderr, code } = daemon.ask('takeover');
			assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
			assert.match(stdout, /^The rules of the 2019 script are replaced by turnout's, without a gap$/m);
			assert.match(stdout, /^Removed: policy rule fwmark 0x1e7700ce lookup 100$/m);
			assert.match(stdout, /^Removed: route local default table 100$/m);
			assert.doesNotMatch(stdout, /^others/m);
			const before = await loads.counts();
			await eventually(loads.counts, (count) => count > before + 50, 20_000);
			assertCaptured(await loads.stop());
			context.diagnostic(`${await loads.counts()} connections`);
			assert.doesNotMatch(routing(lab), /32765|dev lo scope host/);
			const saved = lab.host.run('sh', ['-c', `iptables-nft-save; iptables-${script}-save`]);
			assert.doesNotMatch(saved, /^-A APPMESH_(?!.*"turnout: )/m);
			assert.match(daemon.ask('takeover').stdout, /^Nothing of the 2019 script is left$/m);
		});
});

test('a daemon that is started on such a host, and stopped, leaves its rules as they are, and says so', async () => {
	using lab = createHost({ container: false });
	using peers = await createPeers(lab);
	runScript(lab, 'nft');
	const before = rulesOf(lab.host);
	await using loads = await startLoads(peers);
	{
		await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '8080'] });
		const { is, wanted, conditions, others } = daemon.status();
		assert.deepEqual([wanted, is], ['disabled', 'degraded']);
		const rules = conditions.find(({ subject }) => subject === 'rules');
		assert.match(
			rules?.ok === false ? rules.why : '',
			/^the 2019 script redirects connections here: its rules were found/,
		);
		assert.match(rules?.ok === false ? rules.remedy : '', /^turnout takeover/);
		assert.deepEqual(
			others?.map(({ name }) => name),
			['the 2019 script'],
		);
	}
	assert.equal(rulesOf(lab.host), before);
	assertCaptured(await loads.stop());
});

test('the settings that its rules amount to are printed as a settings file, and nothing is changed', () => {
	using lab = createHost({ container: false });
	using scratch = createScratch('proposal');
	runScript(lab, 'legacy', [8080, 9000]);
	const add = (...rule: string[]) => lab.host.run('iptables-legacy', ['-t', 'nat', '-I', 'APPMESH_EGRESS', ...rule]);
	add('-p', 'tcp', '-d', '10.9.0.0/16', '-j', 'RETURN');
	add('-m', 'owner', '--gid-owner', '2000', '-j', 'RETURN');
	const saved = () => lab.host.run('iptables-legacy-save', []).replace(/\[\d+:\d+\]|^#.*$/gm, '');
	const before = saved();
	const { stdout } = run(lab.host, ['takeover', '--dry-run']);
	assert.equal(
		stdout,
		`# What the rules of the 2019 script say (iptables-legacy): settings for /etc/turnout/turnout.yaml
appPorts: 8080,9000
ingressPort: 15000
egressPort: 15001
ignoreUids: 1337
ignoreGids: 2000
egressIgnoredIps: 10.9.0.0/16,169.254.169.254,169.254.170.2
egressIgnoredPorts: 22
# They capture IPv4 only; turnout captures IPv6 too, unless:
# ipv6: 0
`,
	);
	assert.equal(saved(), before);
	const file = join(scratch.path, 'turnout.yaml');
	writeFileSync(file, stdout);
	run(lab.host, ['config', 'check', file]);
	const json = JSON.parse(run(lab.host, ['takeover', '--dry-run', '--json']).stdout);
	assert.deepEqual(json.settings.appPorts, '8080,9000');
});

test('settings that capture less, or what it leaves alone, are refused with what they lack; then they are taken', async () => {
	using lab = createHost({ container: false });
	using peers = await createPeers(lab);
	using scratch = createScratch('settings');
	runScript(lab, 'nft', [8080, 9090]);
	lab.host.run('iptables-nft', [
		'-t',
		'nat',
		'-I',
		'APPMESH_EGRESS',
		'-p',
		'tcp',
		'-d',
		'192.0.2.0/24',
		'-j',
		'RETURN',
	]);
	const before = rulesOf(lab.host);
	const file = join(scratch.path, 'turnout.yaml');
	writeFileSync(file, 'appPorts: 8080\n');
	await using daemon = await startDaemon(lab.host, { args: ['--config', file] });
	const { code, stderr } = daemon.ask('takeover');
	assert.equal(code, 1);
	assert.match(
		stderr,
		/^turnout: Cannot take over from the 2019 script, .*: appPorts lacks 9090, which they send to Envoy; /,
	);
	assert.match(stderr, /egressIgnoredIps lacks 192\.0\.2\.0\/24, which they leave alone/);
	assert.equal(rulesOf(lab.host), before);
	writeFileSync(file, run(lab.host, ['takeover', '--dry-run']).stdout);
	assert.equal(daemon.ask('reload').code, 1);
	assert.equal(rulesOf(lab.host), before);
	assert.equal(daemon.ask('takeover').code, 0);
	assert.equal(nameOf(await peers.world.connect(addresses.host.v4, 9090, { timeoutMs: 10_000 })), 'ingress listener');
});

test("a takeover that is not confirmed is rolled back to the script's rules; one that is, removes the rest later", async () => {
	using lab = createHost({ container: false });
	using peers = await createPeers(lab);
	runScript(lab, 'nft');
	const captures = () => rulesOf(lab.host).match(/^-A (?:APPMESH|OUTPUT|PREROUTING).*APPMESH.*$/gm);
	const before = captures();
	await using loads = await startLoads(peers);
	await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '8080'] });
	assert.match(daemon.ask('takeover', '--confirm', '600').stdout, /stay: after `turnout confirm`/);
	assert.match(daemon.ask('takeover').stderr, /an earlier change waits for its confirmation/);
	daemon.ask('revert', '--state-directory', join(daemon.folder, 'state'));
	assert.deepEqual(captures(), before);
	assert.match(routing(lab), /^32765:.*\n.*dev lo scope host/);
	daemon.ask('takeover', '--confirm', '600');
	assert.equal(daemon.ask('confirm').code, 0);
	assert.match(routing(lab), /^32765:.*\n.*dev lo scope host/);
	const { code, stdout } = daemon.ask('takeover');
	assert.equal(code, 0);
	assert.match(stdout, /^Removed: policy rule/);
	assert.doesNotMatch(routing(lab), /32765|dev lo scope host/);
	assertCaptured(await loads.stop());
});

test('connections that are open through the script go on through the same Envoy', async () => {
	using place = await createTalkingHost();
	const { lab, open } = place;
	runScript(lab, 'nft');
	const out = await open('host', addresses.remote.v4, 443);
	const into = await open('world', addresses.host.v4, 8080);
	assert.equal(await answers(out, 'script'), 'egress hears script');
	await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '8080'] });
	assert.equal(daemon.ask('takeover').code, 0);
	assert.equal(await answers(out, 'turnout'), 'egress hears turnout');
	assert.equal(await answers(into, 'turnout'), 'ingress hears turnout');
	out[Symbol.dispose]();
	into[Symbol.dispose]();
});

test('without a daemon, or with nothing there, nothing is changed, and what to do is said', async () => {
	using lab = createHost({ container: false });
	runScript(lab, 'nft');
	const missing = turnout(lab.host, ['takeover', '--socket', '/run/nobody-is-here.sock']);
	assert.equal(missing.code, 3);
	assert.equal(turnout(lab.host, ['takeover', '--confirm', 'soon']).code, 64);
	for (const [program, ...args] of script2019Commands({
		...{ iptables: 'iptables-nft', uid: 1337, appPorts: [8080], ignoredIps: IPS, ingressPort: 1, egressPort: 2 },
	}).disable)
		lab.host.run(program, args);
	assert.match(
		run(lab.host, ['takeover', '--dry-run']).stdout,
		/^# Nobody redirects connections with the 2019 script's/,
	);
	await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '8080'] });
	const { stdout } = daemon.ask('takeover');
	assert.match(stdout, /captures nothing here: .*`turnout clean --route-manager` removes what it has left/);
	assert.equal(daemon.status().wanted, 'disabled');
});

test("other interceptors' rules are never removed; the commands that are printed remove them", async () => {
	using lab = createHost({ container: false });
	const { host } = lab;
	host.run('iptables-nft', ['-t', 'nat', '-A', 'OUTPUT', '-p', 'udp', '-j', 'RETURN']);
	const all = 'iptables-nft-save; ip6tables-nft-save; iptables-legacy-save; ip6tables-legacy-save; nft list tables';
	const rules = () => host.run('sh', ['-c', all]).replace(/\[\d+:\d+\]|^#.*$/gm, '');
	const kinds = ['Istio', 'Kuma', 'Linkerd', 'Consul'] as const;
	const before = ofOthers(rules());
	for (const name of kinds) installInterceptor(host, name === 'Kuma' ? 'legacy' : 'nft', name, theirs.uid);
	host.run('nft', ['-f', '-'], { input: istioInNft(theirs.uid) });
	const installed = rules();
	const { stdout } = run(host, ['takeover', '--dry-run']);
	assert.equal(rules(), installed);
	for (const name of kinds) assert.match(stdout, new RegExp(`^# ${name} redirects connections here too`, 'm'));
	const commands = [...stdout.matchAll(/^# {3}(\S.*)$/gm)].map(([, command = '']) => command);
	host.run('sh', ['-e'], { input: commands.join('\n') });
	assert.deepEqual(ofOthers(rules()), before);
	assert.doesNotMatch(rules(), /ISTIO|KUMA|PROXY_INIT|CONSUL|istio/);
});
