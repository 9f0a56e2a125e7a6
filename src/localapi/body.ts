import type { IncomingMessage } from 'node:http';
import { HttpFailure } from './send-error.ts';

const LARGEST_KIB = 64;

/** Reads a request body. Rejects with status 413 as soon as it is larger. */
export function readBody(request: IncomingMessage): Promise<string> {
	return new Promise((resolve, reject) => {
		const parts: Buffer[] = [];
		let size = 0;
		// Not `for await`: leaving that loop would close the connection before the error is sent.
		request.on('data', (part: Buffer) => {
			size += part.length;
			if (size > LARGEST_KIB * 1024) reject(tooLarge(request));
			else parts.push(part);
		});
		request.on('end', () => resolve(Buffer.concat(parts).toString('utf8')));
		request.on('error', reject);
	});
}

function tooLarge(request: IncomingMessage): HttpFailure {
	request.pause();
	return new HttpFailure(413, `Cannot accept the request: its body is over ${LARGEST_KIB} KiB`, 'Send a smaller body');
}
