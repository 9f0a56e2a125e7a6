// A host is brought back without turnout, by the commands of docs/rescue.md as they stand there.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { installDockerRules } from '../../lab/net/docker-rules.ts';
import { installAdministratorRules } from '../../lab/net/foreign-rules.ts';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import type { Namespace } from '../../lab/net/namespace.ts';
import { createPeer, type Peer } from '../../lab/net/peer.ts';
import type { Dialect } from '../../lab/net/restore.ts';
import { snapshotHost } from '../../lab/net/snapshot.ts';
import { suspend } from '../../lab/net/suspend.ts';
import { startDaemon, turnout, turnoutProgram } from '../../lab/turnout.ts';
import { nameOf } from '../../support/calls.ts';
import { ownLines, rulesOf, wholeRulesOf } from '../../support/daemon.ts';
import { backends } from '../../support/dialects.ts';
import { createDockerHost, untilLive } from '../../support/docker-host.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { commandsOf, root } from '../../support/pages.ts';
import { run } from '../../support/run.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { startListener } from '../../support/talk.ts';

/** Every chain that there is. */
const everything = ['--bridges', 'docker0', '--only-uids', '1000,1337', '--egress-only-ips', '0.0.0.0/0,::/0'].concat(
	...[
		['--egress-only-ports', '1-65535'],
		['--app-ports', '8080'],
	],
);

test('clean is refused while an enabled daemon runs, but not because of one that hangs', async () => {
	using lab = createHost({ container: false });
	using _envoy = await startListener(lab.host, 'envoy', 15001, 1337);
	await using daemon = await startDaemon(lab.host, { args: ['--start-enabled', '1'] });
	const whole = await wholeRulesOf(lab.host);
	const clean = () => turnout(lab.host, ['clean'], { env: { TURNOUT_SOCKET: daemon.socket } });
	const { code, stderr } = clean();
	assert.equal(code, 1);
	assert.match(
		stderr,
		/^turnout: Cannot clean: a running daemon \(.*\) has interception enabled and would restore everything/,
	);
	assert.equal(rulesOf(lab.host), whole);
	suspend(daemon.process.pid);
	const env = { ...process.env, TURNOUT_SOCKET: daemon.socket };
	const meanwhile = outcomeOf(lab.host.spawn(turnoutProgram, ['clean'], { env }));
	await sleep(2_000);
	daemon.process.kill('SIGCONT');
	assert.equal((await meanwhile).code, 1, 'it was merely slow');
	assert.equal(rulesOf(lab.host), whole);
	suspend(daemon.process.pid);
	assert.equal(clean().code, 0);
	assert.equal(ownLines(lab.host), 0);
	daemon.process.kill('SIGCONT');
	assert.equal(daemon.ask('disable').code, 0);
	assert.equal(clean().code, 0);
});

for (const { backend, dialect } of backends) {
	const rescue = async (commands: readonly string[], others: (host: Namespace) => unknown): Promise<void> => {
		using lab = createHost();
		using app = createPeer(lab.host, { uid: 1000 });
		using world = createPeer(lab.world);
		await world.listen('remote', [443]);
		installDockerRules(lab.host, dialect);
		installAdministratorRules(lab.host, dialect);
		// On such a host nothing that iptables makes when it is first needed is new.
		for (const family of ['', '6']) lab.host.run(`ip${family}tables-${dialect}`, ['-t', 'mangle', '-I', 'PREROUTING']);
		const before = others(lab.host);
		run(lab.host, ['init', ...everything, '--backend', backend]);
		assert.deepEqual(await answersTo(app), ['refused', 'refused']);
		const [first = '', ...next] = commands;
		follow(lab.host, first, dialect);
		assert.deepEqual(await answersTo(app), ['remote', 'remote']);
		for (const comment of next) follow(lab.host, comment, dialect);
		assert.deepEqual(others(lab.host), before);
		assert.match(run(lab.host, ['clean']).stdout, /Nothing with our names is left/);
	};

	test(`with ${backend} rules the three commands leave a host as it was before, and nobody else's rule is touched`, () =>
		rescue(['The rules', 'The routes'], snapshotHost));

	test(`with ${backend} rules redirection can be stopped at once, and the rest be done later`, () =>
		rescue([backend === 'nft' ? NFT : 'Stop redirecting', 'The rules', 'The routes'], snapshotHost));

	test(`with ${backend} rules the commands to be typed from memory leave all other rules as they were`, () =>
		rescue([backend === 'nft' ? NFT : 'From memory', 'The routes'], (host) => rulesAndPolicies(host, dialect)));
}

describe('with an Envoy in Docker, after the daemon has been killed', async () => {
	const stack = suiteStack();
	const place = await createDockerHost(stack);

	test('the three commands leave no rule, no route and no container', async () => {
		const daemon = await place.start();
		await untilLive(daemon);
		daemon.process.kill('SIGKILL');
		await daemon.ended;
		assert.notEqual(rulesOf(place.lab.host), place.untouched);
		for (const comment of ['The rules', 'The routes']) follow(place.lab.host, comment, 'nft');
		execFileSync('sh', ['-es'], { input: text('Envoy'), env: { ...process.env, ...place.docker.env } });
		assert.deepEqual(place.containers(), []);
		assert.equal(rulesOf(place.lab.host), place.untouched);
	});
});

/** The page's own words for both. */
const NFT = 'nft delete table inet turnout';
const text = (comment: string): string =>
	comment === NFT && readFileSync(join(root, RESCUE), 'utf8').includes(`\`${NFT}\` is all`)
		? comment
		: commandsOf(RESCUE, comment);
const RESCUE = 'docs/rescue.md';

/** As they stand on the page; where that says only `iptables`, with the dialect's programs by their own names. */
function follow(host: Namespace, comment: string, dialect: Dialect): void {
	const input = text(comment).replaceAll(/\b(ip6?tables)(?=[ ;]|-(save|restore)\b)/g, `$1-${dialect}`);
	// What is not there cannot be removed: that is said, and no matter.
	host.tryRun('sh', ['-s'], { input });
}

function rulesAndPolicies(host: Namespace, dialect: Dialect): readonly string[] {
	const saved = ['iptables', 'ip6tables'].map((program) => host.run(`${program}-${dialect}-save`, []));
	// Of the empty chains that the kernel has some may be new.
	return (
		[...saved, host.run('nft', ['list', 'tables', 'inet'])].join('').match(/^(-A .*|:\S+ DROP|:\S+ -|table .*)/gm) ?? []
	);
}

const answersTo = (who: Peer): Promise<string[]> =>
	Promise.all([addresses.remote.v4, addresses.remote.v6].map(async (to) => nameOf(await who.connect(to, 443))));
