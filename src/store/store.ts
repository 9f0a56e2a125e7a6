import type { Mistake, Resource, ResourceKey } from '../mesh/resource.ts';

export interface Tag {
	readonly key: string;
	readonly value: string;
}

/** What App Mesh's API says of a resource beside its spec. It stands in the definition itself. */
export interface Metadata {
	readonly uid: string;
	/** Counted up by each change of the API. */
	readonly version: number;
	/** Milliseconds since 1970. */
	readonly createdMs: number;
	readonly updatedMs: number;
}

export interface StoredResource {
	readonly resource: Resource;
	readonly tags: readonly Tag[];
	readonly metadata: Metadata;
}

export interface Entry extends StoredResource {
	/** Changes with whatever is changed of it, by whomever. */
	readonly revision: string;
	/** Why it cannot be changed here; undefined: it can be. */
	readonly fixed: string | undefined;
}

/** What is there. */
export interface Listed {
	readonly entries: readonly Entry[];
	/** What is there and could not be read as a resource. */
	readonly errors: readonly Mistake[];
}

export interface Listing extends Listed {
	/** Changes with every change of a store's, by whichever program. */
	readonly revision: string;
}

/** What a client is told that sends a change twice. */
export interface Receipt {
	readonly token: string;
	/** Tells apart what was asked for with the same token. */
	readonly asked: string;
	readonly reply: string;
}

/** Beside the resource itself. */
export interface Along {
	/** The listing that the change was checked against: it is outdated with it. Undefined: whatever there is. */
	readonly seen?: string;
	/** Kept with the change, if that is made, for as long as a client may ask again. */
	readonly receipt?: Receipt | undefined;
}

/** `outdated`: it is not, or no longer, of the revision that was named; nothing was changed. */
export type Outcome = 'done' | 'outdated' | { readonly fixed: string };

/** Where the resources of meshes are kept. Whoever else changes them there is seen, and never overwritten unseen. */
export interface Store {
	readonly list: () => Promise<Listing>;
	readonly get: (key: ResourceKey) => Promise<Entry | undefined>;
	/** Without a revision: only if there is none of this name. It is on the disk when this resolves. */
	readonly put: (stored: StoredResource, ifRevision?: string, along?: Along) => Promise<Outcome>;
	readonly remove: (key: ResourceKey, ifRevision: string, along?: Along) => Promise<Outcome>;
	readonly receiptOf: (token: string) => Promise<Receipt | undefined>;
	/** Calls back after changes, by whomever, until the signal is aborted. */
	readonly watch: (onChange: () => void, signal: AbortSignal) => void;
}

/** What is needed of a store to move resources into it, or out of it. */
export interface MovableStore extends Pick<Store, 'put' | 'remove'> {
	readonly list: () => Promise<Listed>;
}
