/** A configuration of the CNI plugin aws-appmesh: Envoy runs as user 1337 and group 133, and its ports are 8000 and 8080. */
export const proxied = {
	...{ cniVersion: '1.0.0', name: 'mesh', type: 'aws-appmesh' },
	...{ ignoredUID: '1337', ignoredGID: '133', proxyIngressPort: '8000', proxyEgressPort: '8080' },
	...{ appPorts: ['5000', '5001'], egressIgnoredPorts: ['80', '81'], enableIPv6: true },
	egressIgnoredIPs: ['192.168.100.0/22', '163.107.163.107', '2001:0db8:85a3:0000:0000:8a2e:0370:7334'],
} as const;
