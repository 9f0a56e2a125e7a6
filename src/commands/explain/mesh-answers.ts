import type { MeshAnswer, RouteAnswer, TargetAnswer } from '../../localapi/explained.ts';
import { explainGateway } from '../../mesh/explain/explain-gateway.ts';
import { explainNode } from '../../mesh/explain/explain-node.ts';
import type { EgressChain, Outcome } from '../../mesh/explain/explanation.ts';
import type { JudgedRoute } from '../../mesh/explain/judged-routes.ts';
import type { Question } from '../../mesh/explain/question.ts';
import { pathAlone } from '../../mesh/explain/request.ts';
import type { Backend, BackendRoute, EgressView } from '../../mesh/resolve-backends.ts';
import type { GatewayRoute, GatewayView } from '../../mesh/resolve-gateway.ts';
import type { NodeView } from '../../mesh/resolve-node.ts';
import { matchText } from '../../mesh/show/match-text.ts';
import { hostOf } from '../../mesh/show/tree.ts';
import { nodeId } from '../../values/mesh-node.ts';
import {
	allowAllCluster,
	amazonCluster,
	egressListener,
	ingressCluster,
	ingressListener,
} from '../../xds/app-mesh-names.ts';
import { egressClusters } from '../../xds/egress-clusters.ts';
import type { RenderOptions } from '../../xds/render-options.ts';

type Told = Omit<MeshAnswer, 'notes'>;

export function nodeAnswer(
	view: NodeView,
	{ text, attempt }: Question,
	{ egressPort }: Pick<RenderOptions, 'egressPort'>,
): Told {
	const { chain, backend, routes, outcome } = explainNode(view, attempt);
	return {
		...{ question: text, node: nodeId({ mesh: view.mesh, kind: 'virtualNode', name: view.node.name }) },
		...{ listener: egressListener(egressPort), chain: chainName(chain) },
		...{ gatewayRoutes: [], rewritten: undefined, service: backend?.service, router: backend?.router },
		...{ routes: routes.map(routeAnswer), targets: targetsOf(view, outcome) },
		outcome: { ...plain(outcome), ...passedBy(view.mesh, chain, outcome) },
	};
}

/** Of a connection that comes from another host to the application of a node. */
export function ingressAnswer(
	{ mesh, node }: NodeView,
	{ text, attempt: { port } }: Question,
	{ ingressPort }: Pick<RenderOptions, 'ingressPort'>,
): Told {
	const found = (node.spec.listeners ?? []).find(({ portMapping }) => portMapping.port === port);
	const known = (node.spec.listeners ?? []).map(({ portMapping }) => portMapping.port).join(', ');
	return {
		...{ question: text, node: nodeId({ mesh, kind: 'virtualNode', name: node.name }) },
		...{ listener: ingressListener(ingressPort), chain: '' },
		...{ gatewayRoutes: [], rewritten: undefined, service: undefined, router: undefined, routes: [], targets: [] },
		...(found === undefined
			? { outcome: { kind: 'closed', why: `the node has no listener on port ${port} (${known || 'it has none'})` } }
			: {
					chain: `ingress_${found.portMapping.protocol}_${port}`,
					outcome: {
						...{ kind: 'passed', why: 'it is a listener of the node' },
						cluster: ingressCluster(mesh, node.name, found),
					},
				}),
	};
}

export function gatewayAnswer(view: GatewayView, { text, attempt }: Question): Told {
	const { protocol, gatewayRoutes, rewritten, service, backend, routes, outcome } = explainGateway(view, attempt);
	return {
		...{ question: text, node: nodeId({ mesh: view.mesh, kind: 'virtualGateway', name: view.gateway.name }) },
		listener: protocol === undefined ? '' : ingressListener(attempt.port),
		chain: protocol === undefined ? '' : `ingress_${protocol}_${attempt.port}`,
		...{ gatewayRoutes: gatewayRoutes.map(routeAnswer), service, router: backend?.router },
		rewritten: rewritten && { host: rewritten.host, path: pathAlone(rewritten) },
		...{ routes: routes.map(routeAnswer), targets: targetsOf(view, outcome) },
		outcome: plain(outcome),
	};
}

function plain(outcome: Outcome): Told['outcome'] {
	const { kind } = outcome;
	if (kind === 'sent') return { kind, why: '' };
	return kind === 'answered' ? { kind, status: outcome.status, why: outcome.why } : { kind, why: outcome.why };
}

function passedBy(mesh: string, { kind }: EgressChain, outcome: Outcome): { readonly cluster?: string } {
	if (outcome.kind !== 'passed') return {};
	return { cluster: kind === 'amazonaws' ? amazonCluster(mesh) : allowAllCluster(mesh) };
}

/** As the egress listener's chains are called. */
function chainName(chain: EgressChain): string {
	switch (chain.kind) {
		case 'http':
			return `egress_http_${chain.port}`;
		case 'tcp': {
			const { port, service } = chain.backend;
			return chain.isOnly ? `egress_tcp_${port}` : `egress_tcp_${port}_${service}`;
		}
		case 'amazonaws':
			return 'egress_amazonaws';
		case 'allow-all':
			return 'egress_allow_all';
		case 'none':
		case 'unknown':
			return '';
	}
}

const routeAnswer = ({ route, verdict, why }: JudgedRoute<BackendRoute | GatewayRoute>): RouteAnswer => ({
	...{ name: route.name, match: matchText(route.kind), verdict, why },
});

function targetsOf(view: EgressView, outcome: Outcome): readonly TargetAnswer[] {
	if (outcome.kind !== 'sent') return [];
	const { nameOf } = egressClusters(view);
	const { backend, route } = outcome;
	return route.targets.map((target) => targetAnswer(backend, target, nameOf));
}

type Target = BackendRoute['targets'][number];

function targetAnswer(backend: Backend, target: Target, nameOf: (of: Backend, to: Target) => string): TargetAnswer {
	const { node, listener, weight } = target;
	const { port, protocol } = listener.portMapping;
	return { node: node.name, protocol, port, host: hostOf(node), weight, cluster: nameOf(backend, target) };
}
