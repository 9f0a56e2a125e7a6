import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createHost, type Host } from '../../lab/net/host.ts';
import { suspend } from '../../lab/net/suspend.ts';
import { startDaemon, type TestDaemon } from '../../lab/turnout.ts';
import { rulesOf, wholeRulesOf } from '../../support/daemon.ts';
import { eventually } from '../../support/eventually.ts';

/** More than any queue holds: every flood runs over, and not only on a machine that is busy. */
const TINY = { TEST_NOTICE_BUFFER: '4096' };

const countTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

/** 500 rules of somebody else, in one commit; the document for iptables-restore. */
const foreignRules = [
	'*nat',
	':SOMEBODY - [0:0]',
	...countTo(500).map((at) => `-A SOMEBODY -p tcp --dport ${at + 1} -j RETURN`),
	'COMMIT\n',
].join('\n');

const addressOf = (at: number): string => `10.${100 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}`;

/** What others do to a host all day, and more of it at once than a queue of notices holds. */
const floods: Readonly<Record<string, (lab: Host) => void>> = {
	'500 rules of others, committed four times': ({ host }) => {
		for (const _ of countTo(4)) host.run('iptables-nft-restore', ['--noflush'], { input: foreignRules });
	},
	'2,000 routes': ({ host }) => {
		const routes = countTo(2_000).map((at) => `route replace ${addressOf(at)}/32 via 10.77.0.1\n`);
		host.run('ip', ['-batch', '-'], { input: routes.join('') });
	},
	'30 pairs of interfaces that come and go': ({ host }) => {
		const lines = countTo(30).flatMap((at) => [
			`link add veth${at}a type veth peer name veth${at}b`,
			...['a', 'b'].flatMap((end) => [
				`address add ${addressOf(at)}/32 dev veth${at}${end}`,
				`link set veth${at}${end} up`,
			]),
		]);
		const gone = countTo(30).map((at) => `link del veth${at}a`);
		host.run('ip', ['-batch', '-'], { input: `${[...lines, ...gone].join('\n')}\n` });
	},
};

for (const [what, flood] of Object.entries(floods))
	test(`${what} while status is polled: the daemon survives, and repairs what was broken meanwhile`, async (context) => {
		using lab = createHost({ container: false });
		await using daemon = await startDaemon(lab.host, {
			env: TINY,
			args: ['--app-ports', '8080', '--start-enabled', '1'],
		});
		const before = rulesOf(lab.host);
		using _asking = askAllTheTime(daemon, lab);
		flood(lab);
		const brokenMs = breakIt(lab);
		flood(lab);
		await eventually(
			() => withoutOthers(rulesOf(lab.host)),
			(now) => now === withoutOthers(before),
		);
		tell(context, daemon, lab, brokenMs);
	});

test('enable with 1,000 ignored addresses: the daemon survives the netlink events of its own rules', async (context) => {
	using lab = createHost({ container: false });
	const ignored = countTo(1_000).map(addressOf).join(',');
	await using daemon = await startDaemon(lab.host, { env: TINY, args: ['--egress-ignored-ips', ignored] });
	for (const _ of countTo(3)) {
		assert.deepEqual(daemon.ask('enable').stderr, '');
		const before = await wholeRulesOf(lab.host);
		const brokenMs = breakIt(lab);
		await eventually(
			() => rulesOf(lab.host),
			(now) => now === before,
		);
		// A daemon that reads in time loses none of its own.
		tell(context, daemon, lab, brokenMs, 0);
		assert.equal(daemon.ask('disable').code, 0);
	}
});

test('a daemon suspended during 20,000 netlink events continues, and repairs what it missed', async (context) => {
	using lab = createHost({ container: false });
	await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '8080', '--start-enabled', '1'] });
	const before = rulesOf(lab.host);
	suspend(daemon.process.pid);
	for (const _ of countTo(40)) lab.host.run('iptables-nft-restore', ['--noflush'], { input: foreignRules });
	const brokenMs = breakIt(lab);
	daemon.process.kill('SIGCONT');
	await eventually(
		() => withoutOthers(rulesOf(lab.host)),
		(now) => now === withoutOthers(before),
	);
	tell(context, daemon, lab, brokenMs);
});

/** Somebody takes away what leads outbound connections to us. */
function breakIt({ host }: Host): number {
	host.run('iptables-nft', ['-t', 'nat', '-F', 'OUTPUT']);
	return performance.now();
}

const withoutOthers = (rules: string): string => rules.replace(/^.*SOMEBODY.*\n/gm, '');

/** A process of its own: what is done to the host meanwhile holds up this one. */
function askAllTheTime({ socket }: TestDaemon, { host }: Host): Disposable {
	const ask = `while :; do curl -s -o /dev/null --unix-socket ${socket} http://turnout/v1/status; done`;
	const child = host.spawn('sh', ['-c', ask], { stdio: 'ignore' });
	return { [Symbol.dispose]: () => void child.kill('SIGKILL') };
}

/** It lives, something was lost indeed, and all is well. */
function tell(context: TestContext, daemon: TestDaemon, { host }: Host, sinceMs: number, least = 1): void {
	context.diagnostic(`back after ${Math.round(performance.now() - sinceMs)} ms`);
	assert.equal(daemon.process.exitCode ?? daemon.process.signalCode, null, daemon.log());
	const metrics = host.run('curl', ['-s', '--unix-socket', daemon.socket, 'http://turnout/metrics']);
	const lost = [...metrics.matchAll(/^turnout_notices_lost_total\{subject="\w+"\} (\d+)/gm)].map(([, count]) =>
		Number(count),
	);
	assert.ok(Math.max(...lost) >= least, metrics);
	assert.equal(daemon.status().is, 'enabled');
}
