import type { NodeListener } from '../mesh/schema/virtual-node.ts';

type Listener = Pick<NodeListener, 'portMapping'>;

// As AWS's control plane named them, so that the dashboards and alarms of App Mesh's users keep working.

export const ingressCluster = (mesh: string, node: string, { portMapping: { port, protocol } }: Listener): string =>
	`cds_ingress_${mesh}_${node}_${protocol}_${port}`;

export const egressCluster = (mesh: string, node: string, { portMapping: { port, protocol } }: Listener): string =>
	`cds_egress_${mesh}_${node}_${protocol}_${port}`;

export const allowAllCluster = (mesh: string): string => `cds_egress_${mesh}_mesh-allow-all`;
export const amazonCluster = (mesh: string): string => `cds_egress_${mesh}_amazonaws`;

export const ingressRoutes = ({ portMapping: { port, protocol } }: Listener): string =>
	`rds_ingress_${protocol}_${port}`;

export const egressRoutes = (port: number): string => `rds_egress_http_${port}`;

/** `http.ingress.…`; of several listeners `http.ingress.http.8080.…`. */
export const ingressStatistics = (
	listeners: readonly Listener[],
	{ portMapping: { port, protocol } }: Listener,
): string => (listeners.length > 1 ? `ingress.${protocol}.${port}` : 'ingress');

export const ingressListener = (port: number): string => `lds_ingress_0.0.0.0_${port}`;
export const egressListener = (port: number): string => `lds_egress_0.0.0.0_${port}`;

/** From a gateway's listener to its egress listener, where the routes of virtual services are. */
export function selfRedirectCluster(
	{ mesh, name, listeners }: { readonly mesh: string; readonly name: string; readonly listeners: readonly Listener[] },
	{ portMapping: { port, protocol } }: Listener,
	egressPort: number,
): string {
	const base = `cds_ingress_${mesh}_${name}_self_redirect_${protocol}_${egressPort}`;
	return listeners.length > 1 ? `${base}_${port}` : base;
}

/** Not of App Mesh: where connections go that would go round in circles. It has no hosts. */
export const blackholeCluster = 'turnout_blackhole';
