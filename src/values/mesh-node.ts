import { hasControlCharacters, quote } from '../lib/escape.ts';

/** Which resource of a mesh an Envoy stands for. */
export interface MeshNode {
	readonly mesh: string;
	readonly kind: 'virtualNode' | 'virtualGateway';
	readonly name: string;
}

export const MESH_NODE_ALLOWED =
	'mesh/MESH/virtualNode/NAME, mesh/MESH/virtualGateway/NAME, an ARN that ends so, or MESH/NAME';

const LONG = /^(?:arn:[\w-]+:appmesh:[\w-]*:\d*:)?mesh\/(.+?)(?:@\d{12})?\/(virtualNode|virtualGateway)\/(.+)$/;
/** Of names that App Mesh's guide allowed: anything else with a slash may be meant as something else. */
const SHORT = /^([A-Za-z0-9_-]{1,255})\/([A-Za-z0-9_-]{1,255})$/;

/** As APPMESH_RESOURCE_ARN and its older names have it. In the long form names may be whatever definitions may have. */
export function findMeshNode(text: string): MeshNode | undefined {
	const trimmed = text.trim();
	if (hasControlCharacters(trimmed)) return undefined;
	const [, mesh, kind, name] = LONG.exec(trimmed) ?? [];
	if (mesh !== undefined && name !== undefined)
		return { mesh, kind: kind === 'virtualGateway' ? kind : 'virtualNode', name };
	const [, shortMesh, shortName] = SHORT.exec(trimmed) ?? [];
	if (shortMesh === undefined || shortName === undefined) return undefined;
	return { mesh: shortMesh, kind: 'virtualNode', name: shortName };
}

/** Undefined where nothing is given; throws where it is no such name. */
export function parseMeshNode(text: string): MeshNode | undefined {
	const found = findMeshNode(text);
	if (found === undefined && text.trim() !== '') throw new Error(`${quote(text)} is no such name`);
	return found;
}

/** Whether an Envoy of this `node.id` is one of the node's; AWS's image may give its ARN. */
export const isIdOf =
	(node: MeshNode) =>
	(id: string): boolean => {
		const found = findMeshNode(id);
		return found !== undefined && nodeId(found) === nodeId(node);
	};

/** As App Mesh has it in Envoy's `node.id`. */
export const nodeId = ({ mesh, kind, name }: MeshNode): string => `mesh/${mesh}/${kind}/${name}`;
