import { attempt } from '../lib/attempt.ts';
import type { ResourceKey } from '../mesh/resource.ts';

import { type Kind, kinds } from '../mesh/schema/kinds.ts';

/** What is shown, as the part of the address behind # says it: names may be anything there, also `..`. */
export type Location =
	| { readonly view: 'meshes' | 'start' | 'unknown' }
	| { readonly view: 'history'; readonly mesh: string | undefined }
	| { readonly view: 'mesh'; readonly mesh: string }
	| { readonly view: 'list'; readonly mesh: string; readonly kind: Kind }
	| { readonly view: 'create'; readonly mesh: string; readonly kind: Kind; readonly parent: string }
	| { readonly view: 'resource' | 'edit'; readonly key: ResourceKey };

/** It is in none yet. */
export const newMesh: Location = { view: 'create', mesh: '', kind: 'mesh', parent: '' };

/** The mesh that it is about; undefined: none. */
export const meshOf = (location: Location): string | undefined =>
	('key' in location ? location.key.mesh : 'mesh' in location ? location.mesh : '') || undefined;

export function hrefOf(location: Location): string {
	switch (location.view) {
		case 'meshes':
		case 'unknown':
			return '#/';
		case 'start':
			return '#/start';
		case 'history':
			return hash('history', ...(location.mesh === undefined ? [] : [location.mesh]));
		case 'mesh':
			return hash('mesh', location.mesh);
		case 'list':
			return hash('mesh', location.mesh, 'all', location.kind);
		case 'create':
			return location.kind === 'mesh'
				? hash('new')
				: hash('mesh', location.mesh, 'new', location.kind, location.parent);
		case 'resource':
		case 'edit': {
			const { mesh, kind, parent, name } = location.key;
			return hash('mesh', mesh, location.view, kind, parent, name);
		}
	}
}

export const hrefOfKey = ({ kind, mesh, parent, name }: ResourceKey): string =>
	hrefOf({ view: 'resource', key: { kind, mesh, parent, name } });

const hash = (...parts: readonly string[]): string => `#/${parts.map(encodeURIComponent).join('/')}`;

export function parseLocation(text: string): Location {
	const found = attempt(() =>
		text
			.replace(/^#?\/?/, '')
			.split('/')
			.map(decodeURIComponent),
	);
	if ('error' in found) return { view: 'unknown' };
	const [first, mesh, verb, kind, parent = '', name] = found.value;
	if (first === '') return { view: 'meshes' };
	if (first === 'start') return { view: 'start' };
	if (first === 'new') return newMesh;
	if (first === 'history') return { view: 'history', mesh };
	if (first !== 'mesh' || mesh === undefined || mesh === '') return { view: 'unknown' };
	if (verb === undefined) return { view: 'mesh', mesh };
	return isKind(kind) ? parseKind({ mesh, verb, kind, parent, name }) : { view: 'unknown' };
}

interface Parts {
	readonly mesh: string;
	readonly verb: string;
	readonly kind: Kind;
	readonly parent: string;
	readonly name: string | undefined;
}

function parseKind({ mesh, verb, kind, parent, name }: Parts): Location {
	if (verb === 'all') return { view: 'list', mesh, kind };
	if (verb === 'new') return { view: 'create', mesh, kind, parent };
	if ((verb !== 'resource' && verb !== 'edit') || name === undefined) return { view: 'unknown' };
	return { view: verb, key: { kind, mesh, parent, name } };
}

const isKind = (text: string | undefined): text is Kind => text !== undefined && Object.hasOwn(kinds, text);
