// A host with a real Envoy's program, a world that answers, and an application.

import type { Status } from '../../src/status/types.ts';
import { createHost, type Host } from '../lab/net/host.ts';
import { createPeer, type Peer } from '../lab/net/peer.ts';
import { findEnvoy } from '../lab/services/envoy.ts';
import type { TestDaemon } from '../lab/turnout.ts';
import { installOthersRules, rulesOf } from './daemon.ts';
import { startEcho } from './echo.ts';
import { eventually } from './eventually.ts';

export interface EnvoyHost {
	readonly lab: Host;
	/** Answers `remote` on 80 and 443, and sends back what it is sent on 7. */
	readonly world: Peer;
	/** uid 1000. Answers `app` on 8080. */
	readonly app: Peer;
	/** The host's rules before turnout. */
	readonly untouched: string;
	/** Envoy's program. */
	readonly program: string;
	/** For a `turnout run` that starts it, with rules as soon as it is LIVE. */
	readonly args: readonly string[];
}

export async function createEnvoyHost(stack: AsyncDisposableStack): Promise<EnvoyHost> {
	const lab = stack.use(createHost({ container: false }));
	installOthersRules(lab.host);
	const world = stack.use(createPeer(lab.world));
	const app = stack.use(createPeer(lab.host, { uid: 1000 }));
	await Promise.all([world.listen('remote', [80, 443]), app.listen('app', [8080])]);
	stack.use(await startEcho(lab.world, 7));
	const program = await findEnvoy();
	const args = [
		'--envoy-runtime',
		'process',
		'--envoy-command',
		program,
		'--app-ports',
		'8080',
		'--start-enabled',
		'1',
	];
	return { lab, world, app, untouched: rulesOf(lab.host), program, args };
}

export const pidOf = (daemon: TestDaemon): number => pidIn(daemon.status());

const pidIn = ({ envoy }: Status): number => Number(/\d+/.exec(envoy.id ?? '')?.[0]);

/** Another process than this one. */
export const untilBack = async (daemon: TestDaemon, former: number): Promise<void> =>
	void (await eventually(
		() => daemon.readStatus(),
		(status) => status.envoy.state === 'live' && pidIn(status) !== former,
	));
