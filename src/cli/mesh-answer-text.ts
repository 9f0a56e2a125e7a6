import { escapeControls, shown } from '../lib/escape.ts';

import type { MeshAnswer, RouteAnswer, TargetAnswer } from '../localapi/explained.ts';

export function meshAnswerText(answer: MeshAnswer): string {
	const { question, node, listener, chain, rewritten, service, router, gatewayRoutes, routes, notes } = answer;
	const rows = [
		['listener', listener === '' ? 'none' : `${listener}${chain === '' ? '' : `, filter chain ${chain}`}`],
		...takenRow('gateway route', gatewayRoutes),
		...(rewritten === undefined ? [] : [['goes on as', `${rewritten.path} of host ${rewritten.host}`]]),
		...(service === undefined ? [] : [['service', shown(service) + routerText(router)]]),
		...takenRow('route', routes),
		...outcomeRows(answer),
	];
	const lines = [
		`${question}, by ${node}`,
		...rows.map(rowText),
		...targetLines(answer.targets),
		...notes.map((note) => rowText(['note', note])),
		...othersText(gatewayRoutes.length > 0 && routes.length > 0 ? 'gateway routes' : 'routes', gatewayRoutes),
		...othersText('routes', routes),
	];
	return lines.map((line) => `${escapeControls(line)}\n`).join('');
}

const WIDTH = 13;

const rowText = ([name = '', value = '']: readonly string[]): string => `  ${name.padEnd(WIDTH)}  ${value}`;

const routerText = (router: string | undefined): string =>
	router === undefined ? '' : `, by virtual router ${shown(router)}`;

const takenRow = (name: string, routes: readonly RouteAnswer[]): string[][] =>
	routes.filter(({ verdict }) => verdict === 'taken').map((route) => [name, `${shown(route.name)}: ${route.match}`]);

function outcomeRows({ outcome, targets }: MeshAnswer): string[][] {
	const { kind, status, why, cluster } = outcome;
	switch (kind) {
		case 'sent':
			return targets.length === 1 ? [] : [['sent to', 'one of these, by their weights']];
		case 'passed':
			return [['passes', `to its own address, by cluster ${cluster}: ${why}`]];
		case 'answered':
			return [['answered', `with ${status} by Envoy: ${why}`]];
		case 'closed':
			return [['closed', `by Envoy, without an answer: ${why}`]];
		case 'unknown':
			return [['unknown', why]];
	}
}

function targetLines(targets: readonly TargetAnswer[]): string[] {
	const total = targets.reduce((sum, { weight }) => sum + weight, 0);
	return targets.map(({ node, protocol, port, host, weight, cluster }) => {
		const share = total === 0 ? 0 : Math.round((weight / total) * 1_000) / 10;
		return `  ${`${share} %`.padStart(WIDTH)}  ${shown(node)}, ${protocol} ${port} of ${host}, cluster ${cluster}`;
	});
}

function othersText(what: string, routes: readonly RouteAnswer[]): string[] {
	const others = routes.filter(({ verdict }) => verdict !== 'taken');
	if (others.length === 0) return [];
	return [
		`  other ${what}, in the order in which they are tried`,
		...others.flatMap(({ name, match, why }) => [`    ${shown(name)}: ${match}`, `      ${why}`]),
	];
}
