// PURE. The changes that are made, one after the other, and what shows each of them.
import { extraPath, extraPort, type MeshState, versionOf } from './changing-mesh.ts';
import { inboundTarget, type Step, serviceTarget } from './under-load.ts';

/** All requests to one version, then all to the other. */
export const flips = (count: number, state: MeshState = {}): readonly Step[] =>
	Array.from({ length: count }, (_, at) => flip(at, state));

export function flip(at: number, state: MeshState = {}): Step {
	const [weights, body] = at % 2 === 0 ? ([[0, 100], 'v2'] as const) : ([[100, 0], 'v1'] as const);
	return {
		what: 'weights',
		state: { ...state, weights },
		effect: ({ egress }) => egress.until(serviceTarget(), { body }),
	};
}

type Kind = 'node' | 'route' | 'listener';

/** A node replaced by another one; a route, and one of the node's own listeners, added and removed again. */
const everything: readonly Kind[] = ['node', 'route', 'listener'];

/** Envoy alone has no rules to change: it has no listeners that come and go. */
export const structure = (count: number, kinds: readonly Kind[] = everything): readonly Step[] => {
	const steps: Step[] = [];
	let state: MeshState = { generation: 0 };
	for (let at = 0; at < count; at += 1) {
		const step = changed(state, kinds[at % kinds.length] ?? 'node');
		state = step.state;
		steps.push(step);
	}
	return steps;
};

function changed(state: MeshState, kind: Kind): Step {
	switch (kind) {
		case 'node': {
			const generation = (state.generation ?? 0) + 1;
			const [, body] = versionOf(generation);
			const effect: Step['effect'] = ({ egress }) => egress.until(serviceTarget(), { body });
			return { what: 'a node replaced by another', state: { ...state, generation }, effect };
		}
		case 'route': {
			const hasRoute = state.hasRoute !== true;
			const body = hasRoute ? 'extra' : versionOf(state.generation ?? 0)[1];
			const effect: Step['effect'] = ({ egress }) => egress.until(serviceTarget(extraPath), { body });
			return { what: `a route ${hasRoute ? 'added' : 'removed'}`, state: { ...state, hasRoute }, effect };
		}
		case 'listener': {
			const hasListener = state.hasListener !== true;
			const effect: Step['effect'] = (way) =>
				way.ingress.until(inboundTarget(way, extraPort), { isProxied: hasListener });
			return { what: `a listener ${hasListener ? 'added' : 'removed'}`, state: { ...state, hasListener }, effect };
		}
	}
}
