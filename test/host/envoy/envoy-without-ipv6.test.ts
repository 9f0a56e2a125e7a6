// Hosts on which IPv6 is switched off by sysctl: before Envoy starts, while it runs, on the loopback interface alone, and on again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { startDaemon, type TestDaemon } from '../../lab/turnout.ts';
import { unhurried } from '../../support/daemon.ts';
import { createEnvoyHost, type EnvoyHost, pidOf, untilBack } from '../../support/envoy-host.ts';
import { eventually } from '../../support/eventually.ts';
import { loggedBy } from '../../support/passages.ts';

const { host, world, remote } = addresses;
/** What a hardened host writes, and what keeps only our listener on ::1 from its address. */
const switches = ['all', 'lo'] as const;

const setIpv6 = ({ lab }: EnvoyHost, which: (typeof switches)[number], isOn: boolean): void =>
	void lab.host.run('sh', ['-c', `echo ${isOn ? 0 : 1} > /proc/sys/net/ipv6/conf/${which}/disable_ipv6`]);

/** The kernel forgets addresses while it is off. */
function bringBack({ lab }: EnvoyHost): void {
	lab.host.run('ip', ['-6', 'address', 'replace', `${host.v6}/64`, 'dev', 'eth0', 'nodad']);
	lab.host.run('ip', ['-6', 'route', 'replace', 'default', 'via', world.v6]);
}

/** Answered from out there, and seen by Envoy on its way. */
async function isCaptured({ app }: EnvoyHost, daemon: TestDaemon, to: string): Promise<void> {
	const answer = await app.connect(to, 443, unhurried);
	assert.partialDeepStrictEqual(answer, { kind: 'answered', by: 'remote' });
	const { ownPort } = answer as { ownPort: number };
	await eventually(
		() => loggedBy(daemon),
		(lines) => lines.some((line) => line.direction === 'egress' && line.ownPort === ownPort),
	);
}

async function die(daemon: TestDaemon): Promise<void> {
	const former = pidOf(daemon);
	process.kill(former, 'SIGKILL');
	await untilBack(daemon, former);
}

for (const which of switches) {
	test(`IPv6 is off on ${which} before Envoy starts: IPv4 is captured; once it is on again IPv6 is too`, async () => {
		await using stack = new AsyncDisposableStack();
		const place = await createEnvoyHost(stack);
		setIpv6(place, which, false);
		const daemon = stack.use(await startDaemon(place.lab.host, { args: place.args }));
		assert.equal(daemon.status().envoy.state, 'live');
		await isCaptured(place, daemon, remote.v4);
		await die(daemon);
		await isCaptured(place, daemon, remote.v4);
		setIpv6(place, which, true);
		bringBack(place);
		assert.equal(daemon.ask('enable').code, 0);
		await isCaptured(place, daemon, remote.v4);
		await isCaptured(place, daemon, remote.v6);
	});

	test(`IPv6 goes off on ${which} while Envoy runs: Envoy comes back after its death, and IPv6 is captured once it is on`, async () => {
		await using stack = new AsyncDisposableStack();
		const place = await createEnvoyHost(stack);
		const daemon = stack.use(await startDaemon(place.lab.host, { args: place.args }));
		await isCaptured(place, daemon, remote.v6);
		setIpv6(place, which, false);
		await isCaptured(place, daemon, remote.v4);
		await die(daemon);
		await isCaptured(place, daemon, remote.v4);
		setIpv6(place, which, true);
		bringBack(place);
		await eventually(
			() => daemon.ask('wait', '--timeout', '0').code,
			(code) => code === 0,
		);
		await isCaptured(place, daemon, remote.v4);
		await isCaptured(place, daemon, remote.v6);
	});
}
