import type { Policy } from './policy.ts';

export interface AccessKey {
	readonly id: string;
	/** Who it is: what the history of changes names. */
	readonly user: string;
	readonly policies: readonly Policy[];
	/** A function, so that nothing that prints or logs a key has it. */
	readonly secret: () => string;
}

export type AccessKeys = ReadonlyMap<string, AccessKey>;
