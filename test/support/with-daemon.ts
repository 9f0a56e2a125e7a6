// Where most tests of the daemon begin: a host with rules of others, peers on it, and turnout.
import { createHost, type Host } from '../lab/net/host.ts';
import type { Namespace } from '../lab/net/namespace.ts';
import { createPeer, type Peer } from '../lab/net/peer.ts';
import { ids } from '../lab/net/peers.ts';
import { type DaemonOptions, startDaemon, type TestDaemon } from '../lab/turnout.ts';
import { installOthersRules, rulesOf } from './daemon.ts';

/** Ports that answer, by who answers there with their name. */
export interface Answering {
	/** `remote`, out there. */
	readonly world?: readonly number[];
	/** `app`, as uid 1000. */
	readonly app?: readonly number[];
	/** `envoy`, as Envoy's user. */
	readonly envoy?: readonly number[];
}

/** A host without containers, with rules of others in every table that we use. */
export interface DaemonHost extends Disposable {
	readonly lab: Host;
	readonly host: Namespace;
	/** The host's rules before turnout. */
	readonly untouched: string;
	/** Each is a process of its own, started with its first use. */
	readonly peers: Readonly<Record<keyof Answering, Peer>>;
	/** `turnout run` with these arguments; for port 8080 and nothing else, unless given. */
	readonly start: (args?: readonly string[], more?: Omit<DaemonOptions, 'args'>) => Promise<TestDaemon>;
}

const APP_PORTS = ['--app-ports', '8080'];

export async function createDaemonHost({ world, app, envoy }: Answering = {}): Promise<DaemonHost> {
	using stack = new DisposableStack();
	const lab = stack.use(createHost({ container: false }));
	const { host } = lab;
	installOthersRules(host);
	const untouched = rulesOf(host);
	const peers = createLazyPeers(lab, stack.use(new DisposableStack()));
	if (world) await peers.world.listen('remote', world);
	if (app) await peers.app.listen('app', app);
	if (envoy) await peers.envoy.listen('envoy', envoy);
	const start: DaemonHost['start'] = (args = APP_PORTS, more = {}) => startDaemon(host, { args, ...more });
	const kept = stack.move();
	return { lab, host, untouched, peers, start, [Symbol.dispose]: () => kept.dispose() };
}

function createLazyPeers({ host, world }: Host, stack: DisposableStack): DaemonHost['peers'] {
	const made = new Map<string, Peer>();
	const lazy = (name: string, namespace: Namespace, uid?: number): Peer => {
		const peer = made.get(name) ?? stack.use(createPeer(namespace, uid === undefined ? {} : { uid }));
		made.set(name, peer);
		return peer;
	};
	return {
		get world() {
			return lazy('world', world);
		},
		get app() {
			return lazy('app', host, ids.app);
		},
		get envoy() {
			return lazy('envoy', host, ids.proxy);
		},
	};
}

export type WithDaemon = Omit<DaemonHost, typeof Symbol.dispose> & AsyncDisposable & { readonly daemon: TestDaemon };

/** A host with a daemon on it, which goes first. */
export async function withDaemon(args: readonly string[] = APP_PORTS, answering: Answering = {}): Promise<WithDaemon> {
	await using stack = new AsyncDisposableStack();
	const on = stack.use(await createDaemonHost(answering));
	const daemon = stack.use(await on.start(args));
	const kept = stack.move();
	return { ...on, daemon, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
