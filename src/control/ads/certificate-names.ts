import { attempt } from '../../lib/attempt.ts';
import { findMeshNode, type MeshNode } from '../../values/mesh-node.ts';

/**
 * Of which nodes a certificate is: its URIs that are SPIFFE's (`spiffe://DOMAIN/mesh/MESH/virtualNode/NAME`) or ARNs. Names of nodes
 * are no names of hosts, so that DNS names say nothing. `text`: subject alternative names as `node:crypto` prints them, with
 * quotes, as JSON has them, around whatever could be misread.
 */
export const nodesOfCertificate = (text: string): MeshNode[] =>
	[...text.matchAll(/(?:^|, )([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)/g)].flatMap(([, type, value = '']) =>
		type === 'URI' ? (nodeOfUri(value.startsWith('"') ? unquoted(value) : value) ?? []) : [],
	);

function unquoted(json: string): string {
	const parsed = attempt(() => String(JSON.parse(json)));
	return 'value' in parsed ? parsed.value : '';
}

/** Of which domain does not matter: who is trusted is a matter of the authority. */
function nodeOfUri(uri: string): MeshNode | undefined {
	const [, path] = /^spiffe:\/\/[^/]+\/(mesh\/.+)$/.exec(uri) ?? [];
	if (path === undefined) return uri.startsWith('arn:') ? findMeshNode(uri) : undefined;
	const decoded = attempt(() => decodeURIComponent(path));
	return 'value' in decoded ? findMeshNode(decoded.value) : undefined;
}
