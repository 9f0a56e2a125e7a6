import type { ResourceKey } from './resource.ts';
import { collections } from './schema/collections.ts';

/** Where the API has a resource, and those of its kind beside it. */
export const resourcePath = (key: ResourceKey): string => `${collectionPath(key)}/${encoded(key.name)}`;

export const collectionPath = ({ kind, mesh, parent }: Omit<ResourceKey, 'name'>): string =>
	collections[kind].replace(/\{(\w+)\}/g, (_, name) => encoded(name === 'meshName' ? mesh : parent));

/** A part of a path or a query, as SigV4 has it (RFC 3986). */
export const encoded = (text: string): string =>
	encodeURIComponent(text).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
