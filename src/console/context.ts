import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { ResourcesReply, StateReply } from '../mesh/console-protocol.ts';
import type { UnsavedDraft } from './kept-drafts.ts';
import type { ServerCalls } from './server-calls.ts';

export interface Shared {
	readonly server: ServerCalls;
	/** For people who do not see the page change. */
	readonly say: (text: string) => void;
	/** By the address of the page on which they are written. */
	readonly drafts: Map<string, UnsavedDraft>;
	readonly state: StateReply | undefined;
	/** Of the mesh that is shown, or all meshes; asks again. */
	readonly reload: () => Promise<ResourcesReply>;
}

export const SharedContext = createContext<Shared | undefined>(undefined);

export function useShared(): Shared {
	const shared = useContext(SharedContext);
	if (shared === undefined) throw new Error('unreachable: all views are within the shell');
	return shared;
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
