// Faulty and malicious bytes for the daemon's socket, which no correct client would send.
import { hostileTexts } from './hostile.ts';

export type Random = () => number;

/** The same numbers for the same seed (mulberry32). */
export function createRandom(seed: number): Random {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

export const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;

const texts = hostileTexts('/tmp/executed-by-a-request').map((text) => text.slice(0, 3_000));
const paths = ['status', 'raw', 'enable', 'disable', 'reload', 'update', 'diff', 'config', 'logs', 'events'].map(
	(name) => `/v1/${name}`,
);
const verbs = [
	'GET',
	'POST',
	'PUT',
	'DELETE',
	'PATCH',
	'HEAD',
	'OPTIONS',
	'TRACE',
	'CONNECT',
	'PROPFIND',
	'get',
	'GOT',
	'',
];
const oddPaths = [
	'/',
	'//',
	'*',
	'/v1',
	'/v1/',
	'/v1/../v1/stats',
	'/%00',
	'/%ff%fe',
	'/v1/status%2f',
	'http://[::1',
	'?',
	'#',
	'\\',
	'/é',
	`/${'x'.repeat(20_000)}`,
];

/** One request, well-formed or not; as latin1 text. Few of them switch the rules on or off, the others are refused or only ask. */
export function hostileRequest(random: Random): string {
	return pick(random, kinds)(random);
}

const request = (verb: string, path: string, headers: readonly string[] = [], body = ''): string =>
	[`${verb} ${path} HTTP/1.1`, 'host: turnout', ...headers, '', body].join('\r\n');

const post = (path: string, body: string): string =>
	request('POST', path, [`content-length: ${Buffer.byteLength(body)}`], Buffer.from(body).toString('latin1'));

const kinds: readonly ((random: Random) => string)[] = [
	(random) =>
		request(
			pick(random, verbs),
			pick(
				random,
				[...paths, '/metrics'].filter((path) => path !== '/v1/enable'),
			),
		),
	(random) => request('GET', pick(random, [...paths, '/metrics'])),
	(random) => request(pick(random, verbs), pick(random, oddPaths)),
	(random) => request('GET', `/${encodeURIComponent(pick(random, texts))}`),
	(random) => request('GET', `/${pick(random, texts)}`),
	(random) =>
		request(
			'GET',
			`/v1/events?${pick(random, ['tail', 'since', 'follow'])}=${encodeURIComponent(pick(random, texts))}`,
		),
	(random) => request('GET', pick(random, paths)).repeat(1 + Math.floor(random() * 100)),
	(random) => request('GET', '/v1/status', [`x: ${'y'.repeat(Math.floor(random() * 40_000))}`]),
	(random) =>
		request(
			'GET',
			'/v1/config',
			Array.from({ length: Math.floor(random() * 1_000) }, (_, at) => `x${at}: y`),
		),
	(random) => request('GET', '/v1/config', [`${pick(random, texts)}: x`]),
	(random) =>
		post(
			pick(random, paths),
			`{"${pick(random, ['force', '__proto__', 'constructor', 'toString'])}":${randomJson(random, 4)}}`,
		),
	(random) => post(random() < 0.1 ? '/v1/enable' : '/v1/diff', random() < 0.5 ? '' : ' { } '),
	(random) => post('/v1/disable', `{"drainSeconds":${JSON.stringify(pick(random, texts))}}`),
	(random) => post('/v1/update', `{"image":${JSON.stringify(pick(random, texts))}}`),
	(random) => post(pick(random, paths), pick(random, texts)),
	(random) => post(pick(random, paths), `${'['.repeat(Math.floor(random() * 60_000))}`),
	(random) => post('/v1/update', `{"image":${'{"a":'.repeat(Math.floor(random() * 10_000))}`),
	(random) => post('/v1/disable', `{"drainSeconds":${' '.repeat(Math.floor(random() * 200_000))}-1}`),
	(random) =>
		request(
			'POST',
			'/v1/disable',
			[`content-length: ${pick(random, ['-1', '1e3', '99999999999999999999', '5, 5', 'x', '1000000000'])}`],
			'{',
		),
	(random) =>
		request(
			'POST',
			'/v1/disable',
			['transfer-encoding: chunked'],
			pick(random, [
				'ZZ\r\n',
				'-1\r\n',
				'FFFFFFFFFFFFFFFFF\r\n',
				'5\r\n{}\r\n',
				'2\r\n[]\r\n0\r\n\r\n',
				'0\r\nx\r\n\r\n',
			]),
		),
	() => request('POST', '/v1/disable', ['transfer-encoding: chunked', 'content-length: 4'], '2\r\n[]\r\n0\r\n\r\n'),
	() => request('POST', '/v1/disable', ['content-length: 2', 'content-length: 3'], '[]'),
	(random) =>
		request('GET', '/v1/config', [
			pick(random, [
				'upgrade: websocket\r\nconnection: upgrade',
				'upgrade: h2c\r\nconnection: upgrade, http2-settings',
				'expect: 100-continue',
				'expect: everything',
				'connection: close',
				'range: bytes=0-1',
			]),
		]),
	() => 'GET /v1/config HTTP/1.1\r\n\r\n',
	() => 'GET /v1/config\r\n\r\n',
	() => 'GET /v1/config HTTP/9.9\r\n\r\n',
	() => 'GET /v1/config HTTP/1.1\nhost: turnout\n\n',
	() => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
	() => '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
	(random) => Array.from({ length: Math.floor(random() * 300) }, () => String.fromCharCode(random() * 256)).join(''),
	(random) => '\r\n'.repeat(Math.floor(random() * 1_000)),
	(random) => '\0'.repeat(Math.floor(random() * 1_000)),
];

function randomJson(random: Random, depth: number): string {
	const inner = () => randomJson(random, depth - 1);
	const kind = Math.floor(random() * (depth > 0 ? 7 : 5));
	if (kind === 5) return `[${Array.from({ length: random() * 4 }, inner).join()}]`;
	if (kind === 6)
		return `{${Array.from({ length: random() * 4 }, () => `${JSON.stringify(pick(random, texts))}:${inner()}`).join()}}`;
	return ['null', 'true', '-1e400', `${random()}`, JSON.stringify(pick(random, texts))][kind] ?? 'null';
}
