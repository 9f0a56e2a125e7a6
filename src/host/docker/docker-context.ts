import { isUnavailable, messageOf, unavailableText } from './docker-errors.ts';
import type { Engine } from './engine.ts';

/** What all containers of one runtime share, and the state of Docker. */
export interface DockerContext {
	readonly engine: Engine;
	readonly name: string;
	/** Value of the label that marks our containers. */
	readonly owner: string;
	/** Image name in the settings → name or id to create containers from. */
	readonly sources: Map<string, string>;
	/** Ids of the containers that this runtime watches. */
	readonly attached: Set<string>;
	/** Why Docker does not answer; '' while it does. */
	problem: string;
	readonly closing: AbortController;
}

export const problemOf = ({ engine }: DockerContext, error: unknown): string =>
	isUnavailable(error) ? unavailableText(engine.socket, error) : messageOf(error);
