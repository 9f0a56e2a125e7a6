import { shown } from '../../lib/escape.ts';
import type { Catalog } from '../catalog.ts';
import { serviceName } from '../reference.ts';
import type { ResourceOf } from '../resource.ts';
import { routeOf, targetPort } from '../route-kind.ts';
import type { NodeListener } from '../schema/virtual-node.ts';
import { extrasText, matchText } from './match-text.ts';

/** A mesh on one page: services with whom they lead to, nodes with whom they call, gateways. */
export function meshTree(catalog: Catalog): string {
	const mesh = catalog.get('mesh', catalog.mesh);
	const filter = mesh?.spec.egressFilter?.type ?? 'DROP_ALL';
	const lines = [
		`mesh ${shown(catalog.mesh)}, egress ${filter}`,
		...section(
			'services',
			catalog.all('virtualService').flatMap((service) => serviceLines(catalog, service)),
		),
		...section('routers without a service', orphans(catalog)),
		...section('nodes', catalog.all('virtualNode').flatMap(nodeLines)),
		...section(
			'gateways',
			catalog.all('virtualGateway').flatMap((gateway) => gatewayLines(catalog, gateway)),
		),
	];
	return lines.map((line) => `${line}\n`).join('');
}

const INDENT = '  ';
const indented = (lines: readonly string[]): string[] => lines.map((line) => INDENT + line);

const section = (title: string, lines: readonly string[]): string[] =>
	lines.length === 0 ? [] : [`${INDENT}${title}`, ...indented(indented(lines))];

function serviceLines(catalog: Catalog, { name, spec }: ResourceOf<'virtualService'>): string[] {
	const { virtualNode, virtualRouter } = spec.provider ?? {};
	if (virtualNode !== undefined) return [`${shown(name)} → node ${shown(virtualNode.virtualNodeName)}`];
	if (virtualRouter === undefined) return [`${shown(name)}: no provider, takes no traffic`];
	const router = catalog.get('virtualRouter', virtualRouter.virtualRouterName);
	const first = `${shown(name)} → router ${shown(virtualRouter.virtualRouterName)}${inBrackets(router?.spec.listeners)}`;
	return [first, ...indented(routeLines(catalog, virtualRouter.virtualRouterName))];
}

export const portsText = (listeners: readonly Pick<NodeListener, 'portMapping'>[]): string =>
	listeners.map(({ portMapping }) => `${portMapping.protocol} ${portMapping.port}`).join(', ');

const inBrackets = (listeners: readonly Pick<NodeListener, 'portMapping'>[] = []): string =>
	listeners.length === 0 ? '' : ` (${portsText(listeners)})`;

/** In the order in which they are tried. */
function routeLines(catalog: Catalog, router: string): string[] {
	const routes = catalog.routesOf(router);
	if (routes.length === 0) return ['no routes'];
	return routes.flatMap(({ name, spec }) => {
		const found = routeOf(spec);
		const priority = spec.priority === undefined ? '' : `, priority ${spec.priority}`;
		const targets = (found?.targets ?? []).map(({ virtualNode, port, weight }) => {
			const node = catalog.get('virtualNode', virtualNode);
			return { node: virtualNode, weight, listener: targetPort(node?.spec.listeners ?? [], port), host: hostOf(node) };
		});
		return [
			`route ${shown(name)}: ${matchText(found)}${priority}${extrasText(spec)}`,
			...indented(targetLines(targets)),
		];
	});
}

interface TargetText {
	readonly node: string;
	readonly weight: number;
	readonly listener: NodeListener | undefined;
	readonly host: string;
}

/** Shares of the traffic, as weights only mean something together. */
export function targetLines(targets: readonly TargetText[]): string[] {
	const total = targets.reduce((sum, { weight }) => sum + weight, 0);
	const width = Math.max(0, ...targets.map(({ node }) => shown(node).length));
	return targets.map(({ node, weight, listener, host }) => {
		const share = total === 0 ? '0' : String(Math.round((weight / total) * 1_000) / 10);
		const port = listener === undefined ? '' : `  ${listener.portMapping.protocol} ${listener.portMapping.port}`;
		return `${share.padStart(5)} %  ${shown(node).padEnd(width)}${port}${host === '' ? '' : `  ${host}`}`;
	});
}

/** Where a node is looked for. */
export function hostOf(node: ResourceOf<'virtualNode'> | undefined): string {
	const { dns, awsCloudMap } = node?.spec.serviceDiscovery ?? {};
	if (dns !== undefined) return shown(dns.hostname);
	return awsCloudMap === undefined
		? ''
		: `Cloud Map ${shown(awsCloudMap.serviceName)}.${shown(awsCloudMap.namespaceName)}`;
}

function nodeLines(node: ResourceOf<'virtualNode'>): string[] {
	const host = hostOf(node);
	const backends = (node.spec.backends ?? []).map(({ virtualService }) =>
		serviceName(virtualService?.virtualServiceName ?? ''),
	);
	const first = `${shown(node.name)}${inBrackets(node.spec.listeners)}${host === '' ? '' : `  ${host}`}`;
	return [first, ...indented(backends.map((name) => `calls ${shown(name)}`))];
}

function gatewayLines(catalog: Catalog, { name, spec }: ResourceOf<'virtualGateway'>): string[] {
	const routes = catalog.all('gatewayRoute').filter(({ parent }) => parent === name);
	const lines = routes.map((route) => {
		const { httpRoute, http2Route, grpcRoute } = route.spec;
		const found = httpRoute ?? http2Route ?? grpcRoute;
		const target = found?.action.target.virtualService.virtualServiceName ?? '';
		return `route ${shown(route.name)} → ${shown(target)}`;
	});
	return [`${shown(name)}${inBrackets(spec.listeners)}`, ...indented(lines)];
}

function orphans(catalog: Catalog): string[] {
	const used = new Set(
		catalog.all('virtualService').map(({ spec }) => spec.provider?.virtualRouter?.virtualRouterName),
	);
	return catalog
		.all('virtualRouter')
		.filter(({ name }) => !used.has(name))
		.flatMap(({ name, spec }) => [
			`${shown(name)}${inBrackets(spec.listeners)}`,
			...indented(routeLines(catalog, name)),
		]);
}
