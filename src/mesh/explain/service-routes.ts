import { quote } from '../../lib/escape.ts';
import type { Backend, BackendRoute } from '../resolve-backends.ts';
import type { Outcome } from './explanation.ts';
import { type JudgedRoute, judgeRoutes } from './judged-routes.ts';
import type { MeshRequest } from './request.ts';
import { type Condition, grpcConditions, httpConditions } from './route-conditions.ts';

/** Which route of its service a request takes. */
export function takeRoute(
	backend: Backend,
	request: MeshRequest,
): { readonly routes: readonly JudgedRoute<BackendRoute>[]; readonly outcome: Outcome } {
	const routes = judgeRoutes(backend.routes, ({ kind }) => conditionsOf(kind, request));
	const unknown = routes.find(({ verdict }) => verdict === 'unknown');
	const taken = routes.find(({ verdict }) => verdict === 'taken');
	if (unknown !== undefined) return { routes, outcome: { kind: 'unknown', why: unknown.why } };
	if (taken !== undefined) return { routes, outcome: { kind: 'sent', backend, route: taken.route } };
	const service = quote(backend.service);
	const why = routes.length === 0 ? `${service} has no route` : `no route of ${service} takes the request`;
	return { routes, outcome: { kind: 'answered', status: 404, why } };
}

function conditionsOf(kind: BackendRoute['kind'], request: MeshRequest): readonly Condition[] {
	switch (kind?.key) {
		case 'httpRoute':
		case 'http2Route':
			return httpConditions(kind.route.match, request);
		case 'grpcRoute':
			return grpcConditions(kind.route.match, request);
		case 'tcpRoute':
		case undefined:
			return [];
	}
}
