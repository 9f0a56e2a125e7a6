// The demo's host with an Envoy that turnout runs as a process. Its containers are namespaces, and Docker's rules a copy.
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { installDockerRules } from '../lab/net/docker-rules.ts';
import { createHost } from '../lab/net/host.ts';
import { renderCommon } from '../lab/net/layout.ts';
import { createNamespace, type Namespace } from '../lab/net/namespace.ts';
import { createPeer } from '../lab/net/peer.ts';
import { createPeers, ids } from '../lab/net/peers.ts';
import { type Family, restore } from '../lab/net/restore.ts';
import { findEnvoy } from '../lab/services/envoy.ts';
import { startTurnout } from './daemon.ts';
import type { DemoOptions, Setup } from './demo.ts';
import { appPorts, meshedBridge, networkPlugin, worldAddresses, writeSettings } from './settings.ts';

export async function openProcessSetup({ screen, folder }: DemoOptions): Promise<Setup> {
	screen.note('Looking for Envoy; the first time it is downloaded …');
	const settings = writeSettings(folder, { runtime: 'process', command: await placeEnvoy(folder) });
	screen.note("Making the host, the remote and two containers, with Docker's rules …");
	using stack = new DisposableStack();
	const lab = stack.use(createHost({ worldAddresses }));
	const { host } = lab;
	const namespace = stack.use(createNamespace('meshed'));
	addMeshedContainer(host, namespace);
	installDockerRules(host, 'nft');
	restore(host, 'nft', meshedRules);
	restore(host, 'nft', () => networkPlugin);
	const meshed = stack.use(createPeer(namespace));
	const peers = stack.use(await createPeers(lab, { envoy: false, appPorts, containerName: 'shop' }));
	const kept = stack.move();
	return {
		...{ host, settings, peers: { ...peers, meshed } },
		async start(shown) {
			const startMs = performance.now();
			const daemon = await startTurnout(host, settings);
			shown?.step('$ turnout run', startMs);
			return daemon;
		},
		[Symbol.asyncDispose]: async () => kept.dispose(),
	};
}

/** A path of Envoy's program that Envoy's user may enter: a checkout below /root or a closed home is closed to it. */
export async function placeEnvoy(folder: string): Promise<string> {
	const found = await findEnvoy();
	if (runs(found)) return found;
	const placed = join(folder, 'envoy');
	copyFileSync(found, placed);
	if (runs(placed)) return placed;
	throw new Error(`Envoy does not run: neither ${found} nor a copy of it in ${folder}`);
}

const runs = (program: string): boolean =>
	spawnSync(program, ['--version'], { uid: ids.proxy, gid: ids.proxy, cwd: '/', stdio: 'ignore' }).status === 0;

function addMeshedContainer(host: Namespace, meshed: Namespace): void {
	meshed.run('sh', ['-es'], { input: renderCommon({ ipv6: true }) });
	const batch = (namespace: Namespace, lines: readonly string[]) =>
		namespace.run('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
	batch(host, [
		`link add ${meshedBridge} type bridge`,
		`link add veth1 type veth peer name eth0 netns ${meshed.name}`,
		`link set veth1 up master ${meshedBridge}`,
		`addr add 172.18.0.1/16 dev ${meshedBridge}`,
		`addr add fd18::1/64 dev ${meshedBridge} nodad`,
		`link set ${meshedBridge} up`,
	]);
	batch(meshed, [
		'link set eth0 up',
		'addr add 172.18.0.2/16 dev eth0',
		'addr add fd18::2/64 dev eth0 nodad',
		'route add default via 172.18.0.1',
		'route add default via fd18::1',
	]);
}

/** What Docker adds for a second bridge. */
const meshedRules = (family: Family): string => `*filter
-A FORWARD -o ${meshedBridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i ${meshedBridge} ! -o ${meshedBridge} -j ACCEPT
COMMIT
*nat
-A POSTROUTING -s ${family === 'v4' ? '172.18.0.0/16' : 'fd18::/64'} ! -o ${meshedBridge} -j MASQUERADE
COMMIT
`;
