import type { RenderOptions } from './render-options.ts';
import type { JsonObject, Snapshot } from './snapshot.ts';
import { SDS_CLUSTER } from './tls.ts';

interface Address {
	readonly socketAddress?: { readonly address?: string; readonly portValue?: number };
}

interface RenderedListener {
	readonly trafficDirection?: string;
	readonly address?: Address;
	readonly additionalAddresses?: readonly JsonObject[];
}

/**
 * What a snapshot was rendered with beside the definitions, as far as it shows. The daemon that did so has variables which a
 * command in a terminal does not see.
 */
export function renderedWith({ lds, cds }: Snapshot, otherwise: RenderOptions): RenderOptions {
	const listeners = Object.values(lds) as readonly RenderedListener[];
	const text = JSON.stringify([lds, cds]);
	const portOf = (direction: string): number | undefined =>
		listeners.find(({ trafficDirection }) => trafficDirection === direction)?.address?.socketAddress?.portValue;
	const outbound = listeners.find(({ trafficDirection }) => trafficDirection === 'OUTBOUND');
	return {
		ingressPort: portOf('INBOUND') ?? otherwise.ingressPort,
		egressPort: portOf('OUTBOUND') ?? otherwise.egressPort,
		hasIpv6: listeners.some(({ additionalAddresses = [] }) => additionalAddresses.length > 0),
		capturesBridges: outbound?.address?.socketAddress?.address === '0.0.0.0',
		hasSds: otherwise.hasSds === true || text.includes(`"clusterName":"${SDS_CLUSTER}"`),
		// Without HTTP it does not show.
		hasTracing: text.includes('"tracing":') || (!text.includes('"rds":') && otherwise.hasTracing === true),
	};
}
