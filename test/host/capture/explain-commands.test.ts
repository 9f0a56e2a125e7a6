// `turnout explain` as a person uses it: without a daemon, by the daemon, at the prompt; with a connection that is made to see
// who answers; of a process; and what is installed against the settings.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { ExplainReply } from '../../../src/localapi/explained.ts';
import { createHost, type Host } from '../../lab/net/host.ts';
import { createPeers } from '../../lab/net/peers.ts';
import { startDaemon, turnout } from '../../lab/turnout.ts';
import { type Backend, backends } from '../../support/dialects.ts';
import { run } from '../../support/run.ts';

const REMOTE = '203.0.113.10';

/** A rule that somebody else puts before ours, so that this remote's connections go past Envoy. */
function letPast({ host }: Host, { backend }: Backend): void {
	if (backend === 'nft')
		host.run('nft', ['insert', 'rule', 'inet', 'turnout', 'nat_egress_ipv4', `ip daddr ${REMOTE} return`]);
	else host.run(backend, ['-t', 'nat', '-I', 'APPMESH_EGRESS', '-d', REMOTE, '-j', 'RETURN']);
}

const first = (text: string) =>
	(JSON.parse(text) as ExplainReply).connections[0] ?? assert.fail('nothing is explained');

for (const backend of backends)
	test(`with rules of ${backend.backend}, explain tells what is set, what is installed, and who answers`, async (context) => {
		using lab = createHost({ container: false });
		using _peers = await createPeers(lab);
		const env = { APPMESH_APP_PORTS: '8080', TURNOUT_BACKEND: backend.backend };
		const explain = (...words: string[]) => turnout(lab.host, ['explain', ...words], { env });
		run(lab.host, ['init'], { env });
		await testAlone(context, explain);
		await context.test("a rule of somebody else in our chains is drift, and the probe's answer agrees with it", () => {
			letPast(lab, backend);
			const { code, stdout } = explain('out', `${REMOTE}:443`, '--user', '1000', '--probe', '--json');
			const { settings, kernel, drift, probe } = first(stdout);
			assert.deepEqual([settings.answer, kernel?.answer, code], ['egress listener', 'direct', 2]);
			assert.match(drift ?? '', /by the settings: egress listener .*by what is installed: direct/);
			assert.deepEqual(probe, { outcome: 'answered', by: `whoever is at ${REMOTE}:443`, agrees: true });
		});
	});

type Explain = (...words: string[]) => ReturnType<typeof turnout>;

async function testAlone(context: TestContext, explain: Explain): Promise<void> {
	await context.test('a captured connection of a user, and the process that accepts it', () => {
		const { code, stdout } = explain('out', `${REMOTE}:443`, '--user', 'nobody', '--probe');
		assert.equal(code, 0);
		assert.match(stdout, /^a connection of user nobody \(65534\) to 203\.0\.113\.10:443, by eth0\n/);
		assert.match(stdout, /goes to +Envoy's egress listener, port 15001\n +because +all else leaves/);
		assert.match(
			stdout,
			/setting +egressPort = 15001 \(APPMESH_ENVOY_EGRESS_PORT, --egress-port\), from the default\n/,
		);
		assert.match(stdout, /installed +the same\n +probed +\S+ \(pid \d+\) has answered, on port 15001\n/);
	});
	await context.test('one that goes past Envoy, by a setting of the environment', () => {
		const { stdout } = explain('in', '9090', '--from', '10.77.0.1');
		assert.match(stdout, /goes to +whoever listens there on this host\n/);
		assert.match(stdout, /setting +appPorts = 8080 \(APPMESH_APP_PORTS, --app-ports\), from APPMESH_APP_PORTS\n/);
	});
	await context.test('one to a port that nobody listens on is refused, and that is no difference', () => {
		const { probe } = first(explain('out', '10.77.0.2:7', '--probe', '--json').stdout);
		assert.deepEqual(probe, { outcome: 'ECONNREFUSED', by: '', agrees: true });
	});
}

const PORT = 7_000;

test('the daemon explains by its own settings, over the socket and at the prompt', async (context) => {
	using lab = createHost({ container: false });
	using _peers = await createPeers(lab);
	const hold = `net.createServer(() => undefined).listen(${PORT}, '::', () => console.log('ready'))`;
	await using silent = await started(lab.world, hold);
	const dial = `net.connect(${PORT}, '${REMOTE}').on('connect', () => console.log('ready'))`;
	await using early = await started(lab.host, dial);
	await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '8080', '--only-uids', '0'] });
	assert.ok(silent.pid);
	const first443 = () => first(daemon.ask('explain', 'out', `${REMOTE}:443`, '--user', '1000', '--json').stdout);
	await context.test('while interception is off, it tells what the settings would do', () => {
		const { stdout, code } = daemon.ask('explain', 'out', `${REMOTE}:443`);
		assert.match(stdout, /^Interception is not on now: nothing is captured\n/);
		assert.match(stdout, /goes to +Envoy's egress listener[\s\S]*installed +its own destination, past Envoy/);
		assert.equal(code, 0);
	});
	await context.test('then by its flags', () => {
		assert.equal(daemon.ask('enable').code, 0);
		const { settings, kernel } = first443();
		assert.deepEqual([settings.answer, kernel?.answer], ['direct', 'direct']);
		const { key, value, source, origin } = settings.setting ?? assert.fail('no setting');
		assert.deepEqual([key, value, source, origin], ['onlyUids', '0', 'flag', '--only-uids']);
	});
	await context.test('of a process, what became of its connections and what a new one would meet', () => {
		const { stdout } = daemon.ask('explain', '--pid', String(early.pid));
		assert.match(
			stdout,
			new RegExp(`^process ${early.pid} \\(\\S+\\), user 0, group 0\\none to 203\\.0\\.113\\.10:${PORT}\n`),
		);
		assert.match(stdout, /open +it goes past Envoy\n +goes to +Envoy's egress listener, port 15001\n/);
	});
	await context.test('at the prompt', () => {
		const input = `explain out ${REMOTE}:443 --user 1000\nexplain GET http://x/\nquit\n`;
		const { stdout, stderr } = turnout(lab.host, ['prompt', '--socket', daemon.socket], { input });
		assert.match(stdout, /goes to +its own destination, past Envoy\n +because +only the listed users/);
		assert.match(stderr, /explain takes out HOST:PORT/);
	});
});

test('what cannot be asked is an error that names what can', () => {
	using lab = createHost({ container: false });
	const explain = (...words: readonly string[]) => turnout(lab.host, ['explain', ...words]);
	for (const [words, said] of [
		[['out', REMOTE], /"203\.0\.113\.10" is not a destination\nAllowed: HOST:PORT/],
		[
			['out', `${REMOTE}:443`, '--user', 'none-such'],
			/there is no user "none-such" on this host\nAllowed: a name, or an id/,
		],
		[['out', `${REMOTE}:443`, '--from', 'x'], /"x" is not an address that can connect there\nAllowed: an IPv4 address/],
		[['in', '8080'], /it is not said who connects\nAllowed: in PORT --from ADDRESS/],
		[['in', '99999', '--from', REMOTE], /in takes a port from 1 to 65535, not "99999"/],
		[['in', '80', '--from', REMOTE, '--probe'], /--probe takes a connection of this host/],
		[['--pid', '4194304'], /there is no process 4194304/],
		[['out'], /out of what\? explain takes out HOST:PORT/],
	] as const) {
		const { code, stderr } = explain(...words);
		assert.equal(code, 64, stderr);
		assert.match(stderr, said);
	}
});

/** A program of Node's, once it says that it is ready. */
async function started(namespace: Host['host'], program: string) {
	const child = namespace.spawn(process.execPath, ['--eval', program]);
	if (child.stdout) await once(child.stdout, 'data');
	return {
		pid: child.pid,
		async [Symbol.asyncDispose]() {
			child.kill('SIGKILL');
			if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
		},
	};
}
