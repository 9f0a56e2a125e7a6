import { Failure } from '../../failure.ts';
import { oneLine } from '../../lib/escape.ts';

/** An error as dockerode throws it. */
interface DockerError {
	readonly statusCode?: number;
	readonly code?: string;
	readonly json?: { readonly message?: string };
	readonly message?: string;
}

/** The HTTP status of Docker's answer; undefined where it has not answered. */
export const statusOf = (error: unknown): number | undefined => (error as DockerError).statusCode;

export const messageOf = (error: unknown): string => {
	const { json, message } = error as DockerError;
	// For streams, dockerode puts its own text before Docker's.
	return oneLine(json?.message ?? message?.replace(/^\(HTTP code \d+\) [\w ]+ - /, '') ?? String(error));
};

/** Docker has not answered at all: stopped, starting, or not accessible to us. */
export const isUnavailable = (error: unknown): boolean => !(error instanceof Failure) && statusOf(error) === undefined;

const VARIABLE = 'envoy.dockerSocket (TURNOUT_DOCKER_SOCKET)';

/** `doing`: what failed, as "start Envoy". Quotes Docker's own message where there is one. */
export function dockerFailure(doing: string, socket: string, error: unknown): Failure {
	if (error instanceof Failure) return error;
	if (!isUnavailable(error))
		return new Failure('envoy', `Cannot ${doing}: Docker says: ${messageOf(error)}`, REMEDY, error);
	const { code } = error as DockerError;
	if (code === 'EACCES')
		return new Failure(
			'permission',
			`Cannot ${doing}: this user may not use Docker's socket ${socket}`,
			'Run turnout as root or in the group docker',
			error,
		);
	const remedy = code === 'ETIMEDOUT' ? 'Restart Docker' : `Start Docker, or set ${VARIABLE}`;
	return new Failure('docker', `Cannot ${doing}: ${unavailableText(socket, error)}`, remedy, error);
}

const REMEDY = 'See what Docker has with `docker ps --all` and `docker logs`';

export function unavailableText(socket: string, error: unknown): string {
	const { code } = error as DockerError;
	if (code === 'ENOENT') return `there is no Docker at ${socket}`;
	if (code === 'ETIMEDOUT') return `Docker at ${socket} ${messageOf(error)}`;
	return code === 'ECONNREFUSED'
		? `nobody answers at ${socket}`
		: `Docker at ${socket} is unavailable: ${messageOf(error)}`;
}
