import type { ProxySpec } from '../../src/envoy/runtime.ts';

/** What an Envoy is started with where the settings ask for nothing of it. */
export const unasked: Pick<
	ProxySpec,
	'memoryMegabytes' | 'openFiles' | 'mounts' | 'logDriver' | 'logOptions' | 'adminPort'
> = { memoryMegabytes: 0, openFiles: 0, mounts: [], logDriver: '', logOptions: {}, adminPort: 9901 };
