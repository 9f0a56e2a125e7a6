// Every row of the behaviour table with real connections: all backends, both families, Docker's rules before ours and after
// ours, by `init` alone and by the daemon; and what explain says beforehand.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { installDockerRules } from '../../lab/net/docker-rules.ts';
import { createHost, type Host } from '../../lab/net/host.ts';
import { createPeers, type Peers } from '../../lab/net/peers.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { testCalls } from '../../support/calls.ts';
import { type Backend, backends } from '../../support/dialects.ts';
import { testExplained } from '../../support/explain-calls.ts';
import { callsOf, tableSettings, worldAddresses } from '../../support/rows.ts';
import { run } from '../../support/run.ts';

interface Stage extends Backend {
	readonly context: TestContext;
	readonly lab: Host;
	readonly peers: Peers;
	readonly settings: readonly string[];
}

for (const { backend, dialect } of backends) {
	test(`${backend}: on a host with Docker's rules, whoever connects is answered as the table says`, async (context) => {
		using lab = createHost({ worldAddresses });
		using peers = await createPeers(lab);
		const stage = { context, lab, peers, backend, dialect, settings: [...tableSettings, '--backend', backend] };
		await testCalls(context, peers, 'before anything', callsOf({ isCaptured: false, hasDocker: false }));
		installDockerRules(lab.host, dialect);
		await testCalls(context, peers, 'with Docker alone', callsOf({ isCaptured: false, hasDocker: true }));
		await initBehind(stage);
		await daemonBehind(stage);
	});

	test(`${backend}: on a host that gets Docker's rules after ours, whoever connects is answered as the table says`, async (context) => {
		using lab = createHost({ worldAddresses });
		using peers = await createPeers(lab);
		const stage = { context, lab, peers, backend, dialect, settings: [...tableSettings, '--backend', backend] };
		await initBefore(stage);
		removeDockerRules(stage);
		await daemonBefore(stage);
	});
}

const ours = (hasDocker: boolean) => callsOf({ isCaptured: true, hasDocker });
const plain = (hasDocker: boolean) => callsOf({ isCaptured: false, hasDocker });

async function initBehind({ context, lab, peers, settings }: Stage): Promise<void> {
	run(lab.host, ['init', ...settings]);
	await testCalls(context, peers, 'after init', ours(true));
	run(lab.host, ['clean']);
	await testCalls(context, peers, 'after clean', plain(true));
}

async function daemonBehind({ context, lab, peers, settings }: Stage): Promise<void> {
	await using daemon = await startDaemon(lab.host, { args: settings });
	assert.equal(daemon.ask('enable').code, 0);
	await testCalls(context, peers, 'after enable', ours(true));
	await testExplained(context, daemon.socket, 'after enable', ours(true));
	assert.equal(daemon.ask('disable').code, 0);
	await testCalls(context, peers, 'after disable', plain(true));
	await testExplained(context, daemon.socket, 'after disable', plain(true));
}

async function initBefore({ context, lab, peers, dialect, settings }: Stage): Promise<void> {
	run(lab.host, ['init', ...settings]);
	await testCalls(context, peers, 'after init', ours(false));
	installDockerRules(lab.host, dialect);
	await testCalls(context, peers, 'after init and then Docker', ours(true));
	run(lab.host, ['clean']);
	await testCalls(context, peers, 'after clean', plain(true));
}

async function daemonBefore({ context, lab, peers, dialect, settings }: Stage): Promise<void> {
	await using daemon = await startDaemon(lab.host, { args: settings });
	assert.equal(daemon.ask('enable').code, 0);
	installDockerRules(lab.host, dialect);
	await testCalls(context, peers, 'after enable and then Docker', ours(true));
	await testExplained(context, daemon.socket, 'after enable and then Docker', ours(true));
	assert.equal(await daemon.stop(), 0);
	await testCalls(context, peers, 'after the daemon', plain(true));
}

/** A document that names tables and holds nothing empties them. */
function removeDockerRules({ lab, dialect }: Stage): void {
	for (const program of ['iptables', 'ip6tables'])
		lab.host.run(`${program}-${dialect}-restore`, [], { input: '*filter\nCOMMIT\n*nat\nCOMMIT\n' });
}
