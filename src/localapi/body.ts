import type { IncomingMessage } from 'node:http';
import { readBody } from '../lib/read-body.ts';
import { HttpFailure } from './send-error.ts';

const LARGEST_KIB = 64;

/** The text of a request's body. Rejects with status 413 as soon as it is larger. */
export async function readText(request: IncomingMessage): Promise<string> {
	const body = await readBody(request, LARGEST_KIB * 1024);
	if (body !== undefined) return body.toString('utf8');
	throw new HttpFailure(413, `Cannot accept the request: its body is over ${LARGEST_KIB} KiB`, 'Send a smaller body');
}
