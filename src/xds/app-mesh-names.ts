import type { NodeListener } from '../mesh/schema/virtual-node.ts';

// As AWS's control plane named them, so that the dashboards and alarms of App Mesh's users keep working.

export const ingressCluster = (mesh: string, node: string, { portMapping: { port, protocol } }: NodeListener): string =>
	`cds_ingress_${mesh}_${node}_${protocol}_${port}`;

export const egressCluster = (mesh: string, node: string, { portMapping: { port, protocol } }: NodeListener): string =>
	`cds_egress_${mesh}_${node}_${protocol}_${port}`;

export const allowAllCluster = (mesh: string): string => `cds_egress_${mesh}_mesh-allow-all`;
export const amazonCluster = (mesh: string): string => `cds_egress_${mesh}_amazonaws`;

export const ingressRoutes = ({ portMapping: { port, protocol } }: NodeListener): string =>
	`rds_ingress_${protocol}_${port}`;

export const egressRoutes = (port: number): string => `rds_egress_http_${port}`;

export const ingressListener = (port: number): string => `lds_ingress_0.0.0.0_${port}`;
export const egressListener = (port: number): string => `lds_egress_0.0.0.0_${port}`;

/** Not of App Mesh: where connections go that would go round in circles. It has no hosts. */
export const blackholeCluster = 'turnout_blackhole';
