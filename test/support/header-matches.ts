// What App Mesh may ask of a header, or of gRPC's metadata: of routes and gateway routes.
import type { Header } from '../../src/mesh/schema/route.ts';

interface HeaderMatch {
	readonly header: Header;
	/** Values; '': without the header. */
	readonly hits: readonly string[];
	readonly misses: readonly string[];
}

const of = (match: Header['match'], hits: readonly string[], misses: readonly string[]): HeaderMatch => ({
	...{ hits, misses },
	header: { name: 'x-kind', ...(match === undefined ? {} : { match }) },
});

const not = ({ header, hits, misses }: HeaderMatch): HeaderMatch => ({
	...{ hits, misses },
	header: { ...header, invert: true },
});

export const headerMatches: Readonly<Record<string, HeaderMatch>> = {
	'is exactly a text': of({ exact: 'beta' }, ['beta'], ['Beta', 'beta2', '']),
	'begins with a text': of({ prefix: 'be' }, ['beta', 'be'], ['abe', 'b', '']),
	'ends with a text': of({ suffix: 'ta' }, ['beta', 'ta'], ['beta2', 'a', '']),
	'matches a regex as a whole': of({ regex: 'b.t[a-c]' }, ['beta', 'botc'], ['abeta', 'beta2', '']),
	'is a number of a range, whose end is no part of it': of(
		{ range: { start: -3, end: 10 } },
		['-3', '0', '9'],
		['-4', '10', 'nine', '9.5', ''],
	),
	'is there, whatever it says': of(undefined, ['x', '0'], ['']),
	'is not there': not(of(undefined, [''], ['x'])),
	'is there and is no certain text': not(of({ exact: 'beta' }, ['alpha'], ['beta', ''])),
};

export const withKind = (value: string): Readonly<Record<string, string>> => (value === '' ? {} : { 'x-kind': value });
