import { quote } from '../lib/escape.ts';
import { addressesAt } from './backend-address.ts';
import type { Catalog } from './catalog.ts';
import { type Fault, faultOf } from './fault.ts';
import { mistakeAt } from './mistake-at.ts';
import type { Segment } from './path.ts';
import { serviceName } from './reference.ts';
import { resolveGateway } from './resolve-gateway.ts';
import type { Mistake, ResourceOf } from './resource.ts';
import { type CalledPort, calledPorts } from './service-ports.ts';

/**
 * Whether the services that each node and gateway calls can be told apart. `isKnown`: whether all is right that one of them
 * reaches.
 */
export function checkBackends(catalog: Catalog, isKnown: (proxy: Node | Gateway) => boolean): Fault[] {
	const inner = (of: Node | Gateway, mistakes: readonly Mistake[]): Fault[] =>
		faultOf(of, mistakes).map((fault) => ({ ...fault, isInner: true }));
	return [
		...catalog
			.all('virtualNode')
			.filter(isKnown)
			.flatMap((node) => inner(node, checkNode(catalog, node))),
		...catalog
			.all('virtualGateway')
			.filter(isKnown)
			.flatMap((gateway) => inner(gateway, checkGateway(catalog, gateway))),
	];
}

function checkGateway(catalog: Catalog, gateway: Gateway): Mistake[] {
	const services = new Set(resolveGateway(catalog, gateway.name)?.routes.map(({ service }) => service));
	const seen = new Map([['*', 'all other services']]);
	return [...services].flatMap((service) => {
		const other = seen.get(service.toLowerCase());
		seen.set(service.toLowerCase(), quote(service));
		if (other === undefined) return [];
		const why = `requests to ${quote(service)} cannot be told from those of ${other}`;
		return [mistakeAt(gateway, [], why, 'rename one of them')];
	});
}

function checkNode(catalog: Catalog, node: Node): Mistake[] {
	const filter = catalog.get('mesh', catalog.mesh)?.spec.egressFilter?.type;
	const reserved = filter === 'ALLOW_ALL' ? ['*', 'mesh_allow_all'] : [];
	return [...calledPorts(catalog, node).values()].flatMap((services) => {
		const tcp = services.filter(({ protocol }) => protocol === 'tcp');
		if (tcp.length === 0) return checkNames(node, services, reserved);
		return tcp.length === services.length ? checkAddresses(catalog, node, tcp) : [mixed(node, services)];
	});
}

type Node = ResourceOf<'virtualNode'>;
type Gateway = ResourceOf<'virtualGateway'>;

const backendAt = ({ spec }: Node, service: string): readonly Segment[] => {
	const is = (name: string | undefined) => serviceName(name ?? '') === service;
	const at = (spec.backends ?? []).findIndex(({ virtualService }) => is(virtualService?.virtualServiceName));
	return ['spec', 'backends', at];
};

const names = (backends: readonly CalledPort[]): string => backends.map(({ service }) => quote(service)).join(', ');

function mixed(node: Node, backends: readonly CalledPort[]): Mistake {
	const tcp = backends.filter(({ protocol }) => protocol === 'tcp');
	const others = backends.filter(({ protocol }) => protocol !== 'tcp');
	const port = backends[0]?.port;
	const why = `port ${port} has tcp (${names(tcp)}) and HTTP (${names(others)}), which cannot be told apart`;
	const hint =
		'give one of their routers a listener on another port; its targets may keep theirs (aws-app-mesh-roadmap #175)';
	return mistakeAt(node, backendAt(node, tcp[0]?.service ?? ''), why, hint);
}

/** By the addresses that the application connects to, where they are known; one of the services may have all others. */
function checkAddresses(catalog: Catalog, node: Node, backends: readonly CalledPort[]): Mistake[] {
	const owners = new Map<string, string>();
	const unknown: CalledPort[] = [];
	const wrong: Mistake[] = [];
	for (const backend of backends) {
		const addresses = addressesAt(catalog, backend);
		if (addresses.length === 0) unknown.push(backend);
		const taken = addresses.find((address) => owners.has(address));
		const other = taken === undefined ? undefined : owners.get(taken);
		if (other !== undefined) wrong.push(alike(node, backend, `${taken}, which ${quote(other)} has too`));
		for (const address of addresses) owners.set(address, backend.service);
	}
	const [, ...more] = unknown;
	return [...wrong, ...more.map((backend) => alike(node, backend, `tcp, as has ${names(unknown.slice(0, 1))}`))];
}

const alike = (node: Node, { service, port }: CalledPort, what: string): Mistake =>
	mistakeAt(
		node,
		backendAt(node, service),
		`${quote(service)} has port ${port} with ${what}, so that the two cannot be told apart`,
		'give one of their routers a listener on another port, or their nodes addresses as dns.hostname (aws-app-mesh-roadmap #195)',
	);

/** A `Host` has no case, and may have the port. */
function checkNames(node: Node, backends: readonly CalledPort[], reserved: readonly string[]): Mistake[] {
	const seen = new Map<string, string>(reserved.map((name) => [name, 'egressFilter ALLOW_ALL']));
	return backends.flatMap(({ service, port }) => {
		const domains = [service.toLowerCase(), `${service.toLowerCase()}:${port}`];
		const other = domains.map((domain) => seen.get(domain)).find((name) => name !== undefined);
		for (const domain of domains) seen.set(domain, quote(service));
		if (other === undefined) return [];
		const why = `requests to ${quote(service)} on port ${port} cannot be told from those of ${other}`;
		return [mistakeAt(node, backendAt(node, service), why, 'rename one of them')];
	});
}
