/**
 * grpc-js (1.14) keeps the parts of a message until the next one begins. Of load reports that would be 100 kB for each Envoy. Where it
 * does so in another way, nothing is done.
 */
export function releaseParts(call: object): void {
	const { decoder } = within(within(call)['call']) as { readonly decoder?: Partial<StreamDecoder> };
	// The next one may have begun.
	if (decoder?.readState !== NO_DATA || !Array.isArray(decoder.readPartialMessage)) return;
	decoder.readPartialMessage = [];
	decoder.readCompressFlag = Buffer.alloc(1);
}

interface StreamDecoder {
	readonly readState: number;
	readPartialMessage: readonly Buffer[];
	readCompressFlag: Buffer;
}

const NO_DATA = 0;

const within = (value: unknown): Readonly<Record<string, unknown>> => Object(value);
