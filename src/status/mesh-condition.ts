import { quote } from '../lib/escape.ts';
import type { Fact } from './conditions.ts';

/** `bootstrap`: the user's own, which comes first; `hasDefinitions`: of a mesh, for the node that the settings name. */
export const bootstrapFacts = (bootstrap: string, hasDefinitions: boolean): readonly Fact[] =>
	bootstrap === '' || !hasDefinitions
		? []
		: [
				{
					subject: 'mesh',
					ok: false,
					why: `Envoy has your own bootstrap ${quote(bootstrap)}, and nothing of the definitions`,
					remedy: 'Unset envoy.config (TURNOUT_ENVOY_CONFIG), or mesh.node (APPMESH_VIRTUAL_NODE_NAME)',
				},
			];
