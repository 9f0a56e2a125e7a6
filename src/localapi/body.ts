import type { IncomingMessage } from 'node:http';
import { readBody } from '../lib/read-body.ts';
import { HttpFailure } from './send-error.ts';

const LARGEST_BODY = 64 * 1024;

/** The text of a request's body. Rejects with status 413 as soon as it is over 64 KiB. */
export async function readText(request: IncomingMessage): Promise<string> {
	const body = await readBody(request, LARGEST_BODY);
	if (body !== undefined) return body.toString('utf8');
	throw new HttpFailure(413, 'Cannot accept the request: its body is over 64 KiB', 'Send a smaller body');
}
