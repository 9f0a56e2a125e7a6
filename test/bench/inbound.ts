import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHost } from '../lab/net/host.ts';
import { addresses } from '../lab/net/layout.ts';
import type { Namespace } from '../lab/net/namespace.ts';
import { ids } from '../lab/net/peers.ts';
import { createScratch } from '../lab/net/scratch.ts';
import { findEnvoy } from '../lab/services/envoy.ts';
import { turnout } from '../lab/turnout.ts';
import { answeringBootstrap } from '../support/envoy-bootstrap.ts';
import { eventually } from '../support/eventually.ts';
import { type Figure, latencyFigures } from './figure.ts';
import { turnoutEnvironment } from './programs.ts';
import { createStopwatch } from './stopwatch.ts';
import { takeTurns } from './turns.ts';

/** What an inbound connection costs by TPROXY, beside one by a redirect; both have the same Envoy. */
export async function benchInbound(connections: number): Promise<readonly Figure[]> {
	using stack = new DisposableStack();
	const opened = async (mode: string) => {
		const { host, world } = stack.use(createHost({ container: false }));
		await startTransparent(host, stack);
		const { code, stderr } = turnout(host, ['init', '--app-ports', '8080', '--ingress-mode', mode], {
			env: turnoutEnvironment,
		});
		if (code !== 0) throw new Error(`Cannot measure inbound connections by ${mode}: ${stderr}`);
		const stopwatch = stack.use(createStopwatch(world));
		return (count: number) => stopwatch.connect(addresses.host.v4, 8080, count);
	};
	const taken = await takeTurns(connections, { tproxy: await opened('tproxy'), redirect: await opened('redirect') });
	return latencyFigures('an inbound connection by TPROXY', taken.tproxy, 'by a redirect', taken.redirect);
}

async function startTransparent(host: Namespace, stack: DisposableStack): Promise<void> {
	const { path } = stack.use(createScratch('inbound'));
	const file = join(path, 'envoy.json');
	const bootstrap = answeringBootstrap('envoy', { admin: null });
	writeFileSync(
		file,
		bootstrap.replaceAll('"address":{"socket_address"', '"transparent":true,"address":{"socket_address"'),
	);
	const user = [`--reuid=${ids.proxy}`, `--regid=${ids.proxy}`, '--clear-groups'];
	const rights = ['--inh-caps=+net_admin', '--ambient-caps=+net_admin'];
	const args = ['--config-path', file, '--disable-hot-restart', '--log-level', 'off'];
	const envoy = host.spawn('setpriv', [...user, ...rights, await findEnvoy(), ...args], { stdio: 'ignore', cwd: '/' });
	stack.defer(() => void envoy.kill('SIGKILL'));
	await eventually(
		() => host.run('ss', ['-Htln', 'sport = :15000']),
		(listeners) => listeners !== '',
	);
}
