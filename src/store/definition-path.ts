import { createHash } from 'node:crypto';
import type { ResourceKey } from '../mesh/resource.ts';

/** Below the folder: `MESH/mesh.yaml`, `MESH/virtualNode/NAME.yaml`, `MESH/route/ROUTER/NAME.yaml`. */
export function definitionPath({ kind, mesh, parent, name }: ResourceKey): string {
	if (kind === 'mesh') return `${fileName(mesh)}/mesh.yaml`;
	return [mesh, kind, ...(parent === '' ? [] : [parent]), name].map(fileName).join('/').concat('.yaml');
}

/** In bytes. A name of a file has 255 (NAME_MAX), with its ending and that of its draft. */
const LONGEST = 200;

/** Names are whatever the API allows. Hidden files, and those that end with ~, would not be read. */
function fileName(name: string): string {
	const safe = encodeURIComponent(name).replace(/^\.|[!'()*~]/g, escaped);
	if (safe.length <= LONGEST) return safe;
	return `${safe.slice(0, LONGEST / 2)}-${createHash('sha256').update(name).digest('hex')}`;
}

const escaped = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
