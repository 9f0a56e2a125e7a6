// Any requests against the verification of signatures: sound ones are taken, changed ones and what is none are refused.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createVerifier, type VerifiedCall } from '../../src/control/access/verify-signature.ts';
import { type Credentials, keysOf, signedCall } from '../support/signed-call.ts';

const PER_SEED = 500;
/** So that 100,000 of them take longer than a signature holds. */
const BETWEEN_MS = 5;
const START_MS = Date.parse('2026-10-01T12:00:00Z');
const region = 'eu-central-1';

const credentials: readonly Credentials[] = ['A', 'B', 'C'].map((letter) => ({
	accessKeyId: letter.repeat(20),
	secretAccessKey: letter.repeat(40),
}));

const word = fc.oneof(
	fc.string({ unit: 'grapheme-ascii', maxLength: 12 }),
	fc.string({ unit: 'binary', maxLength: 6 }),
	fc.constantFrom(
		'',
		'/',
		'..',
		'%2e',
		'%',
		'+',
		'&',
		'=',
		'?',
		'\0',
		'\r\n',
		'__proto__',
		'constructor',
		'X-Amz-Date',
	),
);
const encodable = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => text.isWellFormed());
const name = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_.~'), minLength: 1, maxLength: 12 });
const headerName = fc.constantFrom(
	...['Authorization', 'authorization', 'Host', 'X-Amz-Date', 'x-amz-content-sha256', 'X-Amz-Security-Token'],
	...['Content-Type', 'Date', '__proto__', 'constructor', 'x-amz-', ''],
);
const authorization = fc
	.record({
		algorithm: fc.constantFrom('AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA512', 'AWS4-ECDSA-P256-SHA256', ''),
		key: fc.oneof(fc.constantFrom(...credentials.map(({ accessKeyId }) => accessKeyId)), word),
		scope: fc.oneof(fc.constant(`20261001/${region}/appmesh/aws4_request`), word),
		headers: fc.oneof(fc.constantFrom('host;x-amz-date', 'host', 'x-amz-date;host', ';', 'host;host;x-amz-date'), word),
		signature: fc.oneof(fc.constantFrom('0'.repeat(64), 'f'.repeat(64), ''), word),
	})
	.map(
		(all) =>
			`${all.algorithm} Credential=${all.key}/${all.scope}, SignedHeaders=${all.headers}, Signature=${all.signature}`,
	);

/** What need not be a request at all. */
const anything: fc.Arbitrary<VerifiedCall> = fc.record({
	method: fc.oneof(fc.constantFrom('GET', 'PUT', 'DELETE'), word),
	target: fc.oneof(
		fc.constantFrom('/', '/v20190125/meshes?limit=1'),
		fc.array(word, { maxLength: 6 }).map((all) => `/${all.join('')}`),
		word,
	),
	rawHeaders: fc
		.array(fc.tuple(fc.oneof(headerName, word), fc.oneof(authorization, fc.constant('20261001T120000Z'), word)), {
			maxLength: 6,
		})
		.map((all) => all.flat()),
	body: fc.uint8Array({ maxLength: 20 }),
	isRead: fc.boolean(),
});

const anySound = fc.record({
	by: fc.constantFrom(...credentials),
	addsPayloadHash: fc.boolean(),
	call: fc.record({
		method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE'),
		path: fc
			.array(
				encodable.filter((text) => !['', '.', '..'].includes(text)),
				{ maxLength: 4 },
			)
			.map((all) => `/${all.map(encodeURIComponent).join('/')}`),
		query: fc.dictionary(
			name.filter((text) => !/^x-amz-|^__proto__$/i.test(text)),
			encodable,
			{ maxKeys: 3 },
		),
		headers: fc.constantFrom({}, { 'content-type': 'application/json' }, { 'x-amz-meta': ' a  b ' }),
		body: fc.string({ maxLength: 20 }),
	}),
});

/** One character of what is signed becomes another one. */
const anyChange = fc.record({
	part: fc.constantFrom('method', 'target', 'header', 'body', 'signature'),
	at: fc.nat(),
	by: fc.constantFrom(...'zQ7'),
});

type Change = typeof anyChange extends fc.Arbitrary<infer V> ? V : never;

const draws = fc.record({ strange: anything, sound: anySound, changed: anyChange });

export interface Outcomes {
	/** How many were taken, and how many refused for which reason. */
	readonly counts: Readonly<Record<string, number>>;
	/** What the second half has added to the heap; undefined where garbage cannot be collected on demand. */
	readonly grownBytes: number | undefined;
}

/** Rejects with the first request that is judged otherwise than it should be, or breaks something. */
export async function fuzzRequests(
	runs: number,
	seed: number,
	onProgress: (tried: number) => void = () => undefined,
): Promise<Outcomes> {
	let nowMs = START_MS;
	const verify = createVerifier({ keys: () => keysOf(...credentials), region, now: () => nowMs });
	const counts: Record<string, number> = {};
	const tryCall = async (call: VerifiedCall, isSound: boolean): Promise<void> => {
		const verdict = await verify(call);
		const outcome = 'key' in verdict ? 'taken' : verdict.refusal.reason;
		counts[outcome] = (counts[outcome] ?? 0) + 1;
		// The same sound change may be drawn twice in a second.
		const isRight = outcome === 'replayed' || (outcome === 'taken') === isSound;
		assert.ok(isRight, `${outcome}: ${JSON.stringify({ ...call, body: [...call.body] })}`);
	};
	let halfBytes: number | undefined;
	for (let done = 0; done < runs; done += PER_SEED) {
		const numRuns = Math.min(PER_SEED, runs - done);
		for (const { strange, sound, changed } of fc.sample(draws, { seed: seed + done, numRuns })) {
			nowMs += BETWEEN_MS;
			const { by, call, addsPayloadHash } = sound;
			const signed = await signedCall(by, call, { region, atMs: nowMs, addsPayloadHash });
			await tryCall(strange, false);
			await tryCall(changedCall(signed, changed), false);
			await tryCall(signed, true);
		}
		onProgress(done + numRuns);
		if (done + numRuns >= runs / 2) halfBytes ??= usedBytes();
	}
	const endBytes = usedBytes();
	return { counts, grownBytes: endBytes === undefined || halfBytes === undefined ? undefined : endBytes - halfBytes };
}

/** Undefined without --expose-gc. */
function usedBytes(): number | undefined {
	globalThis.gc?.();
	return globalThis.gc === undefined ? undefined : process.memoryUsage().heapUsed;
}

function changedCall(call: VerifiedCall, { part, at, by }: Change): VerifiedCall {
	switch (part) {
		case 'method':
			return { ...call, method: call.method === 'PATCH' ? 'PUT' : 'PATCH' };
		case 'target':
			return { ...call, target: withOther(call.target, at, by) };
		case 'body':
			return { ...call, body: Buffer.concat([call.body, Buffer.from(by)]) };
		case 'header':
		case 'signature': {
			const name = part === 'header' ? 'host' : 'authorization';
			const place = call.rawHeaders.indexOf(name) + 1;
			return { ...call, rawHeaders: call.rawHeaders.with(place, withOther(call.rawHeaders[place] ?? '', at, by)) };
		}
	}
}

/** Never the same text, and never one that means the same. */
function withOther(text: string, at: number, by: string): string {
	const place = text.length - 1 - (at % Math.min(text.length, 60));
	return `${text.slice(0, place)}${text[place] === by ? 'K' : by}${text.slice(place + 1)}`;
}
