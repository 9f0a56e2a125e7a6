import { Failure } from '../../failure.ts';
import { oneLine } from '../../lib/escape.ts';

/** What Docker's API answers with, as dockerode throws it. */
interface DockerError {
	readonly statusCode?: number;
	readonly code?: string;
	readonly json?: { readonly message?: string };
	readonly message?: string;
}

/** A status code of Docker's own: it has answered, and not as asked. */
export const statusOf = (error: unknown): number | undefined => (error as DockerError).statusCode;

export const wordsOf = (error: unknown): string => {
	const { json, message } = error as DockerError;
	// Where it was asked for a stream, dockerode puts its own words before those of Docker.
	return oneLine(json?.message ?? message?.replace(/^\(HTTP code \d+\) [\w ]+ - /, '') ?? String(error));
};

/** Docker has not answered at all: away, starting, or none of our business. */
export const isAway = (error: unknown): boolean => !(error instanceof Failure) && statusOf(error) === undefined;

const VARIABLE = 'envoy.dockerSocket (TURNOUT_DOCKER_SOCKET)';

/** `doing`: "start Envoy". What Docker refuses is told in its own words. */
export function dockerFailure(doing: string, socket: string, error: unknown): Failure {
	if (error instanceof Failure) return error;
	if (!isAway(error)) return new Failure('envoy', `Cannot ${doing}: Docker says: ${wordsOf(error)}`, REMEDY, error);
	const { code } = error as DockerError;
	if (code === 'EACCES')
		return new Failure(
			'permission',
			`Cannot ${doing}: Docker's socket ${socket} is not for us`,
			'Run turnout as root or in the group docker',
			error,
		);
	const remedy = code === 'ETIMEDOUT' ? 'Restart Docker' : `Start Docker, or set ${VARIABLE}`;
	return new Failure('docker', `Cannot ${doing}: ${awayText(socket, error)}`, remedy, error);
}

const REMEDY = 'See what Docker has with `docker ps --all` and `docker logs`';

export function awayText(socket: string, error: unknown): string {
	const { code } = error as DockerError;
	if (code === 'ENOENT') return `there is no Docker at ${socket}`;
	if (code === 'ETIMEDOUT') return `Docker at ${socket} ${wordsOf(error)}`;
	return code === 'ECONNREFUSED' ? `nobody answers at ${socket}` : `Docker at ${socket} is away: ${wordsOf(error)}`;
}
