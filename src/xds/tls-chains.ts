import type { NodeListener } from '../mesh/schema/virtual-node.ts';
import { tlsInspector } from './filters.ts';
import type { JsonObject } from './snapshot.ts';
import { downstreamTls } from './tls.ts';

type TlsListener = Pick<NodeListener, 'portMapping' | 'tls'>;

interface Chain extends JsonObject {
	readonly name: string;
	readonly filterChainMatch: JsonObject;
}

/** `STRICT`: with TLS; `PERMISSIVE`: one chain with it and one without, by what the client sends first. */
export function chainsWithTls(chain: Chain, { portMapping, tls }: TlsListener): JsonObject[] {
	if (tls === undefined || tls.mode === 'DISABLED') return [chain];
	const secured = { ...chain, transportSocket: downstreamTls(tls, portMapping.protocol) };
	if (tls.mode === 'STRICT') return [secured];
	const { filterChainMatch, name } = chain;
	return [
		{ ...secured, name: `${name}_tls`, filterChainMatch: { ...filterChainMatch, transportProtocol: 'tls' } },
		{ ...chain, filterChainMatch: { ...filterChainMatch, transportProtocol: 'raw_buffer' } },
	];
}

/**
 * For `PERMISSIVE` ports alone: a server that speaks first would wait for ever. It belongs to the listener, so that its
 * connections end some time after the first such port has come or the last has gone.
 */
export function permissiveInspectors(listeners: readonly TlsListener[]): JsonObject[] {
	const ports = listeners.filter(({ tls }) => tls?.mode === 'PERMISSIVE').map(({ portMapping }) => portMapping.port);
	return ports.length === 0 ? [] : [tlsInspector(ports)];
}
