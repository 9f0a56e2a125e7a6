import type { Config } from '../config/schema.ts';
import { hasIpv6Sockets } from '../host/facts.ts';
import type { RenderOptions } from '../xds/render-options.ts';

/** What Envoy's configuration depends on beside the definitions, on this host. */
export const hostOptions = ({
	ingressPort,
	egressPort,
	bridges,
}: Pick<Config, 'ingressPort' | 'egressPort' | 'bridges'>): RenderOptions => ({
	...{ ingressPort, egressPort, hasIpv6: hasIpv6Sockets(), capturesBridges: bridges.length > 0 },
});
