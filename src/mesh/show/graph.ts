import type { Catalog } from '../catalog.ts';
import { serviceName } from '../reference.ts';
import { routeOf } from '../route-kind.ts';
import type { Kind } from '../schema/kinds.ts';
import { matchText } from './match-text.ts';

export interface GraphNode {
	readonly mesh: string;
	readonly kind: Kind;
	readonly name: string;
}

export interface GraphEdge {
	readonly from: GraphNode;
	readonly to: GraphNode;
	readonly label: string;
}

export interface Graph {
	readonly nodes: readonly GraphNode[];
	readonly edges: readonly GraphEdge[];
}

export const graphKey = ({ mesh, kind, name }: GraphNode): string => JSON.stringify([mesh, kind, name]);

/** Who leads to whom. Routes are edges. */
export function graphOf(catalogs: readonly Catalog[]): Graph {
	const edges = catalogs.flatMap(edgesOf);
	const resources = catalogs.flatMap(({ mesh, all }) =>
		[...all('virtualGateway'), ...all('virtualNode'), ...all('virtualService'), ...all('virtualRouter')].map(
			({ kind, name }): GraphNode => ({ mesh, kind, name }),
		),
	);
	const nodes = new Map(
		[...resources, ...edges.flatMap(({ from, to }) => [from, to])].map((node) => [graphKey(node), node]),
	);
	return { nodes: [...nodes.values()], edges };
}

type Node = (kind: Kind, name: string) => GraphNode;

function edgesOf(catalog: Catalog): GraphEdge[] {
	const node: Node = (kind, name) => ({ mesh: catalog.mesh, kind, name });
	return [
		...callEdges(catalog, node),
		...gatewayEdges(catalog, node),
		...providerEdges(catalog, node),
		...catalog.all('virtualRouter').flatMap(({ name }) => routeEdges(catalog, name, node)),
	];
}

const callEdges = (catalog: Catalog, node: Node): GraphEdge[] =>
	catalog.all('virtualNode').flatMap(({ name, spec }) =>
		(spec.backends ?? []).map(({ virtualService }) => {
			const to = node('virtualService', serviceName(virtualService?.virtualServiceName ?? ''));
			return { from: node('virtualNode', name), to, label: '' };
		}),
	);

const gatewayEdges = (catalog: Catalog, node: Node): GraphEdge[] =>
	catalog.all('gatewayRoute').flatMap(({ name, parent, spec }) => {
		const to = (spec.httpRoute ?? spec.http2Route ?? spec.grpcRoute)?.action.target.virtualService.virtualServiceName;
		return to === undefined
			? []
			: [{ from: node('virtualGateway', parent), to: node('virtualService', serviceName(to)), label: name }];
	});

const providerEdges = (catalog: Catalog, node: Node): GraphEdge[] =>
	catalog.all('virtualService').flatMap(({ name, spec }) => {
		const { virtualNode, virtualRouter } = spec.provider ?? {};
		const from = node('virtualService', name);
		if (virtualNode !== undefined) return [{ from, to: node('virtualNode', virtualNode.virtualNodeName), label: '' }];
		if (virtualRouter === undefined) return [];
		return [{ from, to: node('virtualRouter', virtualRouter.virtualRouterName), label: '' }];
	});

const routeEdges = (catalog: Catalog, router: string, node: Node): GraphEdge[] =>
	catalog.routesOf(router).flatMap(({ spec }) => {
		const found = routeOf(spec);
		return (found?.targets ?? []).map(({ virtualNode, weight }) => ({
			from: node('virtualRouter', router),
			to: node('virtualNode', virtualNode),
			label: `${matchText(found)}: ${weight}`,
		}));
	});
