import {
	clientPolicy,
	count,
	duration,
	healthCheck,
	httpTimeout,
	ipPreference,
	listenerTls,
	logging,
	name,
	pools,
	port,
	protocol,
	tcpTimeout,
} from './common.ts';
import { integer, list, object, oneOf, text, union, type Value } from './shape.ts';

const outlierDetection = object(
	{
		baseEjectionDuration: duration,
		interval: duration,
		maxEjectionPercent: integer(0, 100),
		maxServerErrors: count(1),
	},
	{},
);

const listener = object(
	{ portMapping: object({ port, protocol }, {}) },
	{
		connectionPool: union(pools),
		healthCheck: healthCheck('http', 'tcp', 'http2', 'grpc'),
		outlierDetection,
		timeout: union({ grpc: httpTimeout, http: httpTimeout, http2: httpTimeout, tcp: tcpTimeout }),
		tls: listenerTls,
	},
);

const attribute = object({ key: name, value: text({ min: 1, max: 1_024 }) }, {});

const serviceDiscovery = union({
	awsCloudMap: object(
		{ namespaceName: text({ min: 1, max: 1_024 }), serviceName: text({ min: 1, max: 1_024 }) },
		{ attributes: list(attribute), ipPreference },
	),
	dns: object({ hostname: text({ min: 1 }) }, { ipPreference, responseType: oneOf('LOADBALANCER', 'ENDPOINTS') }),
});

export const virtualNodeSpec = object(
	{},
	{
		backendDefaults: object({}, { clientPolicy }),
		backends: list(union({ virtualService: object({ virtualServiceName: text({ min: 1 }) }, { clientPolicy }) })),
		listeners: list(listener),
		logging,
		serviceDiscovery,
	},
);

export type VirtualNodeSpec = Value<typeof virtualNodeSpec>;
export type NodeListener = Value<typeof listener>;
