import type { IncomingMessage } from 'node:http';
import { HttpFailure } from './send-error.ts';

const LARGEST_BODY = 64 * 1024;

/** Whole, or not at all: what is over 64 KiB is not read to its end. */
export function readBody(request: IncomingMessage): Promise<string> {
	return new Promise((resolve, reject) => {
		const parts: Buffer[] = [];
		let size = 0;
		// Not `for await`: leaving that loop would cut the connection before the reason is told.
		request.on('data', (part: Buffer) => {
			size += part.length;
			if (size > LARGEST_BODY) reject(tooLarge(request));
			else parts.push(part);
		});
		request.on('end', () => resolve(Buffer.concat(parts).toString('utf8')));
		request.on('error', reject);
	});
}

function tooLarge(request: IncomingMessage): HttpFailure {
	request.pause();
	return new HttpFailure(413, 'Cannot take the request: its body is over 64 KiB', 'Send less');
}
