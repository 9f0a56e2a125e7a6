import type { ServerResponse } from 'node:http';
import { Failure, failureOf } from '../failure.ts';
import { type ErrorReply, METRICS_PATH, paths, streams } from './protocol.ts';

/** A failure of the request itself, with its HTTP status code. */
export class HttpFailure extends Failure {
	readonly status: number;
	constructor(status: number, message: string, remedy: string) {
		super('usage', message, remedy);
		this.status = status;
	}
}

export function unknownPath(path: string): HttpFailure {
	const known = [...Object.values(paths).map((entry) => entry.path), ...Object.values(streams), METRICS_PATH];
	return new HttpFailure(404, `Cannot answer: no such path ${path.slice(0, 80)}`, `Known: ${known.join(', ')}`);
}

export const wrongVerb = (verb: string, path: string, right: string): HttpFailure =>
	new HttpFailure(405, `Cannot answer: ${path} does not accept ${verb}`, `Use ${right}`);

export const tooMany = (what: string): HttpFailure =>
	new HttpFailure(503, `Cannot accept the request: ${what}`, 'Try again when some of them have ended');

export function sendError(reply: ServerResponse, error: unknown): void {
	const { code, message, remedy } = failureOf(error);
	const body: ErrorReply = { error: { code, message, remedy } };
	if (reply.headersSent) return void reply.destroy();
	const status = error instanceof HttpFailure ? error.status : code === 'usage' ? 400 : 500;
	reply.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(`${JSON.stringify(body)}\n`);
}
