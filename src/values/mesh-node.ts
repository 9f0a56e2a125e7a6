import { quote } from '../lib/escape.ts';

/** Which resource of a mesh an Envoy stands for. */
export interface MeshNode {
	readonly mesh: string;
	readonly kind: 'virtualNode' | 'virtualGateway';
	readonly name: string;
}

export const MESH_NODE_ALLOWED =
	'mesh/MESH/virtualNode/NAME, mesh/MESH/virtualGateway/NAME, an ARN that ends so, or MESH/NAME';

const NAME = '[A-Za-z0-9_-]{1,255}';
const LONG = new RegExp(
	`^(?:arn:[\\w-]+:appmesh:[\\w-]*:\\d*:)?mesh/(${NAME})(?:@\\d{12})?/(virtualNode|virtualGateway)/(${NAME})$`,
);
const SHORT = new RegExp(`^(${NAME})/(${NAME})$`);

/** As APPMESH_RESOURCE_ARN and its older names have it. Undefined where nothing is given; throws where it is no such name. */
export function parseMeshNode(text: string): MeshNode | undefined {
	const trimmed = text.trim();
	if (trimmed === '') return undefined;
	const [, mesh, kind, name] = LONG.exec(trimmed) ?? [];
	if (mesh !== undefined && name !== undefined)
		return { mesh, kind: kind === 'virtualGateway' ? kind : 'virtualNode', name };
	const [, shortMesh, shortName] = SHORT.exec(trimmed) ?? [];
	if (shortMesh === undefined || shortName === undefined) throw new Error(`${quote(text)} is no such name`);
	return { mesh: shortMesh, kind: 'virtualNode', name: shortName };
}

/** As App Mesh has it in Envoy's `node.id`. */
export const nodeId = ({ mesh, kind, name }: MeshNode): string => `mesh/${mesh}/${kind}/${name}`;
