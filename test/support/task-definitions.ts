// Task definitions of ECS as the 2019 guide describes them: with App Mesh's proxyConfiguration, and with X-Ray's daemon.
export const taskProperties = {
	IgnoredUID: '1337',
	ProxyIngressPort: '15000',
	ProxyEgressPort: '15001',
	AppPorts: '9080',
	EgressIgnoredIPs: '169.254.170.2,169.254.169.254',
};

const waitsForEnvoy = [{ containerName: 'envoy', condition: 'HEALTHY' }];
const node = { name: 'APPMESH_VIRTUAL_NODE_NAME', value: 'mesh/shop/virtualNode/cart' };

export const envoyContainer = {
	...{ name: 'envoy', image: 'envoy:1', essential: true, user: '1337', environment: [node] },
	healthCheck: { command: ['CMD-SHELL', 'envoy-is-live'], interval: 5, timeout: 2, retries: 3, startPeriod: 10 },
};

export const applicationContainer = {
	...{ name: 'app', image: 'cart:1', essential: true, dependsOn: waitsForEnvoy },
	portMappings: [{ containerPort: 9080, hostPort: 9080, protocol: 'tcp' }],
};

export function taskDefinition(properties: Readonly<Record<string, string>> = taskProperties, more: object = {}) {
	return {
		...{ family: 'cart', memory: '256', networkMode: 'awsvpc' },
		proxyConfiguration: {
			...{ type: 'APPMESH', containerName: 'envoy' },
			properties: Object.entries(properties).map(([name, value]) => ({ name, value })),
		},
		containerDefinitions: [applicationContainer, envoyContainer] as object[],
		...more,
	};
}

const tracing = { name: 'ENABLE_ENVOY_XRAY_TRACING', value: '1' };

export const taskWithXray = (): object =>
	taskDefinition(taskProperties, {
		containerDefinitions: [
			applicationContainer,
			{ ...envoyContainer, environment: [node, tracing] },
			{ name: 'xray-daemon', image: 'xray:1', user: '1337', portMappings: [{ containerPort: 2000, protocol: 'udp' }] },
		],
	});
