// The definitions of docs/mesh.md, as they stand there.
import { readPages } from './pages.ts';

export const MESH_PAGE = 'docs/mesh.md';
export const meshPageText = readPages().find(({ path }) => path === MESH_PAGE)?.text ?? '';

/** Each stands below the path that it is to be saved at. */
export const meshPageFiles: ReadonlyMap<string, string> = new Map(
	[
		...meshPageText.matchAll(/`\/etc\/turnout\/mesh\/([\w.-]+)`[^\n]*\n(?:[^\n`]+\n)?\n *```json\n(.*?)\n *```$/gms),
	].map(([, name = '', inner = '']) => [name, inner]),
);
