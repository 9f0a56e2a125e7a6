import type { Lane, Listening } from '../connections/listener-gaps.ts';
import type { Family } from '../values/units.ts';
import type { ProxySpec } from './runtime.ts';

/** What is to run, and what is expected of it. */
export interface EnvoySpec {
	readonly spec: ProxySpec;
	/** Ports that must be free before, and listened on after the start, each with its setting. */
	readonly ports: Readonly<Record<string, number>>;
	readonly lanes: readonly Lane[];
	/** Those that are captured for sure. */
	readonly families: readonly Family[];
	readonly startSeconds: number;
	readonly drainSeconds: number;
	/** An Envoy that lived so long begins anew with the shortest pause. */
	readonly stableSeconds: number;
	readonly healthSeconds: number;
	readonly healthTimeoutSeconds: number;
	readonly healthRetries: number;
}

/** Those that traffic is led to. */
export const listenerPorts = ({ ports, spec }: EnvoySpec): number[] =>
	Object.values(ports).filter((port) => port !== spec.adminPort);

/** The ports alone, each once. */
export const portsOf = (listeners: readonly Listening[]): number[] => [...new Set(listeners.map(({ port }) => port))];
