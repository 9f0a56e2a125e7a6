// The task definitions of the 2019 guide: with App Mesh's proxyConfiguration, and with X-Ray's daemon beside Envoy.
export const taskProperties = {
	IgnoredUID: '1337',
	ProxyIngressPort: '15000',
	ProxyEgressPort: '15001',
	AppPorts: '9080',
	EgressIgnoredIPs: '169.254.170.2,169.254.169.254',
};

const node = { name: 'APPMESH_VIRTUAL_NODE_NAME', value: 'mesh/meshName/virtualNode/virtualNodeName' };

export const envoyContainer = {
	name: 'envoy',
	image: '111345817488.dkr.ecr.us-west-2.amazonaws.com/aws-appmesh-envoy:v1.9.1.0-prod',
	essential: true,
	environment: [node],
	healthCheck: {
		command: ['CMD-SHELL', 'curl -s http://localhost:9901/server_info | grep state | grep -q LIVE'],
		...{ startPeriod: 10, interval: 5, timeout: 2, retries: 3 },
	},
	user: '1337',
};

export const applicationContainer = {
	name: 'app',
	image: 'application_image',
	portMappings: [{ containerPort: 9080, hostPort: 9080, protocol: 'tcp' }],
	essential: true,
	dependsOn: [{ containerName: 'envoy', condition: 'HEALTHY' }],
};

export function taskDefinition(properties: Readonly<Record<string, string>> = taskProperties, more: object = {}) {
	return {
		...{ family: 'appmesh-gateway', memory: '256' },
		proxyConfiguration: {
			...{ type: 'APPMESH', containerName: 'envoy' },
			properties: Object.entries(properties).map(([name, value]) => ({ name, value })),
		},
		containerDefinitions: [applicationContainer, envoyContainer] as object[],
		taskRoleArn: 'arn:aws:iam::123456789012:role/ecsTaskRole',
		executionRoleArn: 'arn:aws:iam::123456789012:role/ecsTaskExecutionRole',
		networkMode: 'awsvpc',
		...more,
	};
}

const tracing = { name: 'ENABLE_ENVOY_XRAY_TRACING', value: '1' };

const xrayContainer = {
	...{ name: 'xray-daemon', image: 'amazon/aws-xray-daemon', user: '1337', essential: true },
	...{ cpu: 32, memoryReservation: 256, portMappings: [{ containerPort: 2000, protocol: 'udp' }] },
};

export const taskWithXray = () =>
	taskDefinition(taskProperties, {
		containerDefinitions: [applicationContainer, { ...envoyContainer, environment: [node, tracing] }, xrayContainer],
	});
