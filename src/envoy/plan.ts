import type { Listening, ProxySpec } from '../ports-proxy.ts';

export type Arrival = 'this host' | 'others';

/** What is to run, and what is expected of it. */
export interface Plan {
	readonly spec: ProxySpec;
	/** Ports that must be free before, and listened on after the start, each with its setting. */
	readonly ports: Readonly<Record<string, number>>;
	/** By port: from where connections are led to it. REDIRECT takes the loopback's address, or the one of the interface. */
	readonly arrivals: Readonly<Record<number, readonly Arrival[]>>;
	readonly startSeconds: number;
	readonly drainSeconds: number;
	/** An Envoy that lived so long begins anew with the shortest pause. */
	readonly stableSeconds: number;
	readonly healthSeconds: number;
	readonly healthTimeoutSeconds: number;
	readonly healthRetries: number;
}

/** Those that traffic is led to. */
export const listenerPorts = ({ ports, spec }: Plan): number[] =>
	Object.values(ports).filter((port) => port !== spec.adminPort);

/** The ports alone, each once. */
export const portsOf = (listeners: readonly Listening[]): number[] => [...new Set(listeners.map(({ port }) => port))];
