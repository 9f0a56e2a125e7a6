import { quote } from '../lib/escape.ts';
import { byteLength } from './byte-length.ts';
import { checkClientPolicy, checkListeners, checkLogging, checkPortOnce } from './check-listener.ts';
import { type Told, tellerOf } from './mistake-at.ts';
import type { Mistake, ResourceOf } from './resource.ts';

/** What is wrong with a virtual node whatever else the mesh has. */
export function checkNodeSpec(node: ResourceOf<'virtualNode'>): Mistake[] {
	const tell = tellerOf(node, ['spec']);
	const { listeners = [], backends = [], backendDefaults, logging, serviceDiscovery } = node.spec;
	return [
		...checkListeners(tell, listeners),
		...checkClientPolicy(tell, backendDefaults?.clientPolicy, ['backendDefaults']),
		...backends.flatMap(({ virtualService }, at) =>
			checkClientPolicy(tell, virtualService?.clientPolicy, ['backends', at, 'virtualService']),
		),
		...checkLogging(tell, logging),
		...checkDiscovery(tell, serviceDiscovery),
	];
}

function checkDiscovery(tell: Told, discovery: ResourceOf<'virtualNode'>['spec']['serviceDiscovery']): Mistake[] {
	if (discovery?.awsCloudMap !== undefined)
		return [
			tell(
				['serviceDiscovery', 'awsCloudMap'],
				'awsCloudMap is not supported',
				'use dns.hostname with the name that Cloud Map gives it: SERVICE.NAMESPACE',
			),
		];
	const hostname = discovery?.dns?.hostname;
	if (hostname === undefined || isHostname(hostname)) return [];
	const hint = 'names between dots, 253 bytes at most';
	return [tell(['serviceDiscovery', 'dns', 'hostname'], `${quote(hostname)} is no host name`, hint)];
}

/** Of a length that a query (RFC 1035) and Envoy's SNI have room for. */
const isHostname = (text: string): boolean =>
	/^[^\s/.]+(\.[^\s/.]+)*\.?$/.test(text) && byteLength(text.replace(/\.$/, '')) <= 253;

export function checkRouterSpec(router: ResourceOf<'virtualRouter'>): Mistake[] {
	const { listeners = [] } = router.spec;
	const tell = tellerOf(router, ['spec']);
	if (listeners.length === 0)
		return [tell([], 'it has no listener, so that its services have no port', 'give it listeners')];
	return [...listeners.flatMap((_, at) => checkPortOnce(tellerOf(router, ['spec', 'listeners', at]), listeners, at))];
}
