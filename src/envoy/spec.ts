import type { Lane, Listening } from '../connections/listener-gaps.ts';
import type { Family } from '../values/units.ts';
import type { ProxySpec } from './runtime.ts';

/** What is to run, and what is expected of it. */
export interface EnvoySpec {
	readonly spec: ProxySpec;
	/** By setting: ports that must be free before the start and are listened on after it. */
	readonly ports: Readonly<Record<string, number>>;
	readonly lanes: readonly Lane[];
	/** Those that are certainly captured. */
	readonly families: readonly Family[];
	readonly startSeconds: number;
	readonly drainSeconds: number;
	/** An Envoy that ran this long resets the back-off. */
	readonly stableSeconds: number;
	readonly healthSeconds: number;
	readonly healthTimeoutSeconds: number;
	readonly healthRetries: number;
}

/** The ports that traffic is led to. */
export const listenerPorts = ({ ports, spec }: EnvoySpec): number[] =>
	Object.values(ports).filter((port) => port !== spec.adminPort);

/** Without duplicates. */
export const portsOf = (listeners: readonly Listening[]): number[] => [...new Set(listeners.map(({ port }) => port))];
