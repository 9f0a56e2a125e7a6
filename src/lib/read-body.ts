import type { IncomingMessage } from 'node:http';

/** A request's body; undefined, and the rest is left unread, as soon as it has more bytes than `most`. */
export function readBody(request: IncomingMessage, most: number): Promise<Buffer | undefined> {
	return new Promise((resolve, reject) => {
		const parts: Buffer[] = [];
		let size = 0;
		// Not `for await`: leaving that loop would close the connection before the error is sent.
		request.on('data', (part: Buffer) => {
			size += part.length;
			if (size <= most) return void parts.push(part);
			request.pause();
			resolve(undefined);
		});
		request.on('end', () => resolve(Buffer.concat(parts)));
		request.on('error', reject);
	});
}
