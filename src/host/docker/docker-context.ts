import { awayText, isAway, wordsOf } from './docker-errors.ts';
import type { Engine } from './engine.ts';

/** What every container of ours has in common, and what is found out about Docker on the way. */
export interface DockerContext {
	readonly engine: Engine;
	readonly name: string;
	/** Whose containers are ours. */
	readonly owner: string;
	/** What a container is made from, by the name that the settings give it. */
	readonly sources: Map<string, string>;
	/** Those that are ours to look after, by id. */
	readonly tended: Set<string>;
	/** Why Docker does not answer; '' while it does. */
	problem: string;
	readonly closing: AbortController;
}

export const troubleOf = ({ engine }: DockerContext, error: unknown): string =>
	isAway(error) ? awayText(engine.socket, error) : wordsOf(error);
