import { quote } from '../../lib/escape.ts';
import { addressesOf } from '../backend-address.ts';
import type { Backend } from '../resolve-backends.ts';
import type { NodeView } from '../resolve-node.ts';
import type { Attempt, EgressChain, Explanation, Outcome } from './explanation.ts';
import { chooseByHost } from './host-choice.ts';
import type { MeshRequest } from './request.ts';
import { takeRoute } from './service-routes.ts';

/** What becomes of a connection from the node's host, and of the request on it, once its Envoy has it. */
export function explainNode(view: NodeView, attempt: Attempt): Explanation {
	const chain = chainOf(view, attempt);
	const direct = { chain, backend: chain.kind === 'tcp' ? chain.backend : undefined, routes: [] };
	switch (chain.kind) {
		case 'http':
			return { chain, ...explainHttp(view, chain, attempt) };
		case 'tcp':
			return { ...direct, outcome: connected(chain.backend) };
		case 'amazonaws':
			return {
				...direct,
				outcome: { kind: 'passed', why: 'HTTPS to *.amazonaws.com passes with every egress filter' },
			};
		case 'allow-all':
			return {
				...direct,
				outcome: { kind: 'passed', why: `${portsText(view, attempt)}, and the egress filter is ALLOW_ALL` },
			};
		case 'none':
			return {
				...direct,
				outcome: { kind: 'closed', why: `${portsText(view, attempt)}, and the egress filter is DROP_ALL` },
			};
		case 'unknown':
			return { ...direct, outcome: { kind: 'unknown', why: amongText(chain.among) } };
	}
}

/** As Envoy chooses filter chains: by port, then by address, then by the name of the server. */
function chainOf(view: NodeView, attempt: Attempt): EgressChain {
	const own = view.backends.filter(({ port }) => port === attempt.port);
	const [first, ...more] = own;
	if (first?.protocol === 'tcp' && more.length > 0) return amongTcp(view, own, attempt);
	if (isAmazon(attempt)) return { kind: 'amazonaws' };
	if (first === undefined) return restOf(view);
	if (first.protocol === 'tcp') return { kind: 'tcp', backend: first, isOnly: true };
	return { kind: 'http', port: attempt.port, backends: own };
}

const restOf = ({ egressFilter }: NodeView): EgressChain => ({
	kind: egressFilter === 'ALLOW_ALL' ? 'allow-all' : 'none',
});

const isAmazon = ({ port, tls }: Attempt): boolean => port === 443 && /.\.amazonaws\.com$/i.test(tls?.serverName ?? '');

function amongTcp(view: NodeView, among: readonly Backend[], attempt: Attempt): EgressChain {
	const chosen = new Set(attempt.addresses.map((address) => byAddress(among, address)));
	if (chosen.size !== 1) return { kind: 'unknown', among };
	const [backend] = chosen;
	const hasAddress = backend !== undefined && addressesOf(backend).length > 0;
	if (!hasAddress && isAmazon(attempt)) return { kind: 'amazonaws' };
	return backend === undefined ? restOf(view) : { kind: 'tcp', backend, isOnly: false };
}

/** Undefined: all services on the port have addresses, and this is none of them. */
const byAddress = (backends: readonly Backend[], address: string): Backend | undefined =>
	backends.find((backend) => addressesOf(backend).includes(address)) ??
	backends.find((backend) => addressesOf(backend).length === 0);

const amongText = (backends: readonly Backend[]): string => {
	const parts = backends.map((backend) => {
		const own = addressesOf(backend);
		return `${quote(backend.service)} has ${own.length === 0 ? 'all others' : own.join(', ')}`;
	});
	return `it depends on the address that is connected to: ${parts.join('; ')}`;
};

/** A tcpRoute has no conditions, and a router one of them at most. */
function connected(backend: Backend): Outcome {
	const [route] = backend.routes;
	if (route !== undefined) return { kind: 'sent', backend, route };
	return { kind: 'closed', why: `${quote(backend.service)} has no route` };
}

type HttpChain = Extract<EgressChain, { readonly kind: 'http' }>;

function explainHttp(view: NodeView, chain: HttpChain, { tls, request }: Attempt): Omit<Explanation, 'chain'> {
	const nothing = { backend: undefined, routes: [] };
	if (request === undefined || tls !== undefined) {
		const spoken = tls === undefined ? 'something else' : 'TLS';
		const why = `port ${chain.port} is one of HTTP services, and ${spoken} is spoken to it`;
		return { ...nothing, outcome: { kind: 'answered', status: 400, why } };
	}
	const found = serviceOf(view, chain, request);
	if (typeof found === 'object') return { backend: found, ...takeRoute(found, request) };
	return { ...nothing, outcome: found === 'held' ? held(request) : elsewhere(view, chain, request) };
}

/** `held`: a service of the mesh that nothing provides; undefined: none of them. */
function serviceOf(
	{ unprovided, egressFilter }: NodeView,
	{ port, backends }: HttpChain,
	{ host }: MeshRequest,
): Backend | 'held' | undefined {
	const named = <T>(service: string, of: T) => [[service, of] as const, [`${service}:${port}`, of] as const];
	const held = egressFilter === 'ALLOW_ALL' ? unprovided : [];
	const domains = [
		...backends.flatMap((backend) => named<Backend | 'held'>(backend.service, backend)),
		...held.flatMap((service) => named<Backend | 'held'>(service, 'held')),
	];
	return chooseByHost(domains, host);
}

const held = ({ host }: MeshRequest): Outcome => ({
	...{ kind: 'answered', status: 404 },
	why: `${quote(host)} is a service without a provider`,
});

function elsewhere({ egressFilter }: NodeView, { port, backends }: HttpChain, { host }: MeshRequest): Outcome {
	const known = listed(backends.map(({ service }) => service));
	const why = `no service on port ${port} is called ${quote(host)} (${known}), and the egress filter is ${egressFilter}`;
	return egressFilter === 'ALLOW_ALL' ? { kind: 'passed', why } : { kind: 'answered', status: 404, why };
}

function portsText({ backends }: NodeView, { port }: Attempt): string {
	const ports = [...new Set(backends.map((backend) => backend.port))].sort((a, b) => a - b);
	return `no service among the node's backends has port ${port} (${listed(ports.map(String))})`;
}

const SHOWN = 5;

function listed(names: readonly string[]): string {
	if (names.length === 0) return 'there is none at all';
	return `known: ${names.slice(0, SHOWN).join(', ')}${names.length > SHOWN ? ', …' : ''}`;
}
