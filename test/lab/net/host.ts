// A host like an EC2 instance with Docker on it, the world beyond its network card, and a container behind its bridge.

import { cleanUpStale } from './cleanup-stale.ts';
import { renderCommon, renderContainer, renderHost, renderWorld } from './layout.ts';
import { createNamespace, type Namespace } from './namespace.ts';

export interface HostOptions {
	/** False: a host whose kernel has IPv6 switched off. */
	readonly ipv6?: boolean;
	/** False: no bridge and no container, for a real dockerd to make its own. */
	readonly container?: boolean;
	/** More addresses (with prefix length) that the world answers on. */
	readonly worldAddresses?: readonly string[];
}

export interface Host extends Disposable {
	readonly host: Namespace;
	readonly world: Namespace;
	/** Unused when the host was made without a container. */
	readonly container: Namespace;
	readonly hasIpv6: boolean;
}

export function createHost(options: HostOptions = {}): Host {
	const { ipv6 = true, container: hasContainer = true, worldAddresses = [] } = options;
	cleanUpStale();
	using stack = new DisposableStack();
	const [host, world, container] = ['host', 'world', 'container'].map((role) => stack.use(createNamespace(role)));
	if (!host || !world || !container) throw new Error('unreachable: three were made');
	for (const namespace of [host, world, container])
		shell(namespace, renderCommon({ ipv6: ipv6 || namespace !== host }));
	shell(host, renderHost({ ipv6, world: world.name, ...(hasContainer ? { container: container.name } : {}) }));
	shell(world, renderWorld(worldAddresses));
	if (hasContainer) shell(container, renderContainer({ ipv6 }));
	shell(host, untilCarrier);
	const kept = stack.move();
	return { host, world, container, hasIpv6: ipv6, [Symbol.dispose]: () => kept.dispose() };
}

/** A new link gets its carrier a moment later, on a busy machine after a second; routes are unusable until then. */
const untilCarrier = `
for _ in $(seq 250); do
	case $(ip -o link) in *NO-CARRIER*|*LOWERLAYERDOWN*) sleep 0.02 ;; *) exit ;; esac
done`;

const shell = (namespace: Namespace, script: string): string => namespace.run('sh', ['-es'], { input: script });
