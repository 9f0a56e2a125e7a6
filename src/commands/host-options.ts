import type { Config } from '../config/schema.ts';
import { hasIpv6Sockets } from '../host/ipv6.ts';
import { type EnvoyVariables, variableOptions } from '../xds/envoy-variables.ts';
import type { RenderOptions } from '../xds/render-options.ts';

interface HostSettings {
	readonly config: Pick<Config, 'ingressPort' | 'egressPort' | 'bridges' | 'ingressMode' | 'ingressKeepClient'>;
	readonly passThrough: { readonly env: EnvoyVariables };
}

/** What Envoy's configuration depends on beside the definitions, on this host. */
export const hostOptions = ({
	config: { ingressPort, egressPort, bridges, ingressMode, ingressKeepClient },
	passThrough,
}: HostSettings): RenderOptions => ({
	...{ ingressPort, egressPort, hasIpv6: hasIpv6Sockets(), capturesBridges: bridges.length > 0 },
	...{ isTransparent: ingressMode === 'tproxy', keepsClient: ingressKeepClient === 'application' },
	...variableOptions(passThrough.env),
});
