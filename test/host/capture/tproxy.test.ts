// What TPROXY does where its listener is not there, or answers by SYN cookies.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createPeer } from '../../lab/net/peer.ts';
import { findEnvoy } from '../../lab/services/envoy.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { backends } from '../../support/dialects.ts';
import { run } from '../../support/run.ts';

const { host: own } = addresses;
const settings = (backend: string) => ['--app-ports', '8080', '--ingress-mode', 'tproxy', '--backend', backend];
const DROPPED_MS = 300;

for (const { backend } of backends)
	test(`while no transparent listener is there, nothing reaches the application by ${backend}`, async () => {
		using lab = createHost({ container: false });
		using world = createPeer(lab.world);
		using app = createPeer(lab.host, { uid: 1000 });
		// On Envoy's port too, by a user who may not take connections there.
		await app.listen('app', [8080, 8081, 15000]);
		run(lab.host, ['init', ...settings(backend)]);
		for (const address of [own.v4, own.v6]) {
			assert.equal((await world.connect(address, 8080, { timeoutMs: DROPPED_MS })).kind, 'timeout');
			assert.partialDeepStrictEqual(await world.connect(address, 8081), { by: 'app' });
		}
		run(lab.host, ['clean']);
		assert.partialDeepStrictEqual(await world.connect(own.v4, 8080), { by: 'app' });
	});

test('where each SYN is answered by a cookie, connections reach Envoy all the same', async () => {
	using lab = createHost({ container: false });
	using world = createPeer(lab.world);
	using app = createPeer(lab.host, { uid: 1000 });
	await app.listen('app', [8080]);
	lab.host.run('sysctl', ['-w', 'net.ipv4.tcp_syncookies=2']);
	const envoy = ['--envoy-runtime', 'process', '--envoy-command', await findEnvoy(), '--start-enabled', '1'];
	await using daemon = await startDaemon(lab.host, { args: [...settings('iptables-nft'), ...envoy] });
	for (const address of [own.v4, own.v6])
		assert.partialDeepStrictEqual(await world.connect(address, 8080), { by: 'app' });
	const { ingress, rules } = (await daemon.readStatus()).counters;
	assert.equal(ingress.connections, 2);
	const captured = rules.filter(({ direction, verdict }) => direction === 'ingress' && verdict === 'captured');
	assert.deepEqual(captured, [{ direction: 'ingress', verdict: 'captured', setting: 'appPorts', count: 2 }]);
});

test('an Envoy of somebody else whose listener is not transparent is told in status', async () => {
	using lab = createHost({ container: false });
	using proxy = createPeer(lab.host, { uid: 1337 });
	await proxy.listen('envoy', [15000, 15001]);
	await using daemon = await startDaemon(lab.host, { args: [...settings('iptables-nft'), '--start-enabled', '1'] });
	const told = (await daemon.readStatus()).conditions.find(({ subject }) => subject === 'ports');
	assert.match(
		told?.ok === false ? told.why : '',
		/^the listener on port 15000 \(.*\) is not transparent: inbound connections to application ports are dropped$/,
	);
});
