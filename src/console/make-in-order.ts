import type { ShownResource } from '../mesh/console-protocol.ts';
import { isSameKey, type ResourceKey } from '../mesh/resource.ts';
import { isSameValue } from './same-value.ts';
import { CallFailure, type ServerCalls } from './server-calls.ts';
import type { Draft } from './wizard-form.ts';

/** How far the making of one resource is. */
export type Progress =
	| { readonly state: 'waiting' | 'making' | 'made' }
	/** It was there, and is what was to be made. */
	| { readonly state: 'found' }
	| { readonly state: 'failed'; readonly why: string };

/**
 * Makes one after the other, and ends at the first that fails. What is there already and is the same counts as made, so that it
 * can be begun again. False: it has failed.
 */
export async function makeInOrder(
	drafts: readonly Draft[],
	server: Pick<ServerCalls, 'resources' | 'change'>,
	onProgress: (at: number, progress: Progress) => void,
): Promise<boolean> {
	const mesh = drafts[0]?.key.mesh;
	for (const [at, draft] of drafts.entries()) {
		onProgress(at, { state: 'making' });
		const progress = await make(draft, server, mesh).catch((error: unknown) => failed(error));
		onProgress(at, progress);
		if (progress.state === 'failed') return false;
	}
	return true;
}

async function make(
	{ key, spec }: Draft,
	server: Pick<ServerCalls, 'resources' | 'change'>,
	mesh: string | undefined,
): Promise<Progress> {
	try {
		await server.change({ verb: 'create', key, spec, tags: [] });
		return { state: 'made' };
	} catch (error) {
		if (!(error instanceof CallFailure) || error.type !== 'ConflictException') throw error;
		const there = await find(server, mesh, key);
		if (there !== undefined && isSameValue(there.spec, spec)) return { state: 'found' };
		return {
			state: 'failed',
			why: `${error.message}. The one that is there is another one: go back and rename yours.`,
		};
	}
}

async function find(
	server: Pick<ServerCalls, 'resources'>,
	mesh: string | undefined,
	key: ResourceKey,
): Promise<ShownResource | undefined> {
	return (await server.resources(mesh)).resources.find((each) => isSameKey(each, key));
}

const failed = (error: unknown): Progress => ({
	state: 'failed',
	why: error instanceof Error ? error.message : String(error),
});
