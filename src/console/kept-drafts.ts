import type { ShownResource, ShownTag } from '../mesh/console-protocol.ts';
import type { Syntax } from './check-draft.ts';

/** A spec that somebody is writing. */
export interface UnsavedDraft {
	readonly text: string;
	readonly syntax: Syntax;
	/** What it was made of; undefined: a new one. */
	readonly base: ShownResource | undefined;
	/** Of a new one. */
	readonly name?: string;
	readonly tags?: readonly ShownTag[];
}

/** What is written and not saved yet: other pages keep it, and so does signing in again, of the same user. */
export interface KeptDrafts {
	/** By the address of the page on which they are written. */
	readonly drafts: Map<string, UnsavedDraft>;
	readonly forget: () => void;
	/** Whoever is signed in now. */
	readonly claim: (user: string | undefined) => void;
}

/** `storage`: where the wizard keeps its form. */
export function createKeptDrafts(storage: { readonly clear: () => void }): KeptDrafts {
	const drafts = new Map<string, UnsavedDraft>();
	let owner: string | undefined;
	const forget = (): void => {
		drafts.clear();
		storage.clear();
	};
	return {
		...{ drafts, forget },
		claim(user) {
			if (user === undefined) return;
			if (owner !== undefined && owner !== user) forget();
			owner = user;
		},
	};
}
