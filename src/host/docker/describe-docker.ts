import type { DockerFacts } from '../../doctor/docker-check.ts';
import { dockerFailure } from './docker-errors.ts';
import { createEngine } from './engine.ts';

/** What answers on Docker's socket. */
export async function describeDocker(socket: string): Promise<DockerFacts> {
	try {
		const { version, firewall } = await (await createEngine(socket)).describe();
		return { kind: 'answers', version, firewall };
	} catch (error) {
		const { message, remedy } = dockerFailure('use Docker', socket, error);
		return { kind: 'silent', message, remedy };
	}
}
