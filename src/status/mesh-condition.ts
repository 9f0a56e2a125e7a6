import { quote } from '../lib/escape.ts';
import type { Fact } from './conditions.ts';

/** For a node that the settings name, with definitions there, where this daemon serves no mesh. */
export const unservedFact = (bootstrap: string): Fact =>
	bootstrap === ''
		? {
				subject: 'mesh',
				ok: false,
				why: 'the definitions have come after the start: Envoy passes everything on, and knows nothing of them',
				remedy: 'Restart turnout',
			}
		: {
				subject: 'mesh',
				ok: false,
				why: `Envoy has your own bootstrap ${quote(bootstrap)}, and nothing of the definitions`,
				remedy: 'Unset envoy.config (TURNOUT_ENVOY_CONFIG), or mesh.node (APPMESH_VIRTUAL_NODE_NAME)',
			};
