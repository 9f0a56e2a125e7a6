import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { matchesRegex } from '../../../src/mesh/explain/regex-match.ts';
import { regexProblem } from '../../../src/mesh/regex.ts';

/** By RE2's syntax page. */
const rows: readonly (readonly [regex: string, text: string, isMatched: boolean | undefined])[] = [
	['a|b', 'b', true],
	['(?i)orders/[0-9]+', 'ORDERS/17', true],
	['a(?i)b|c', 'C', true],
	['a(?i)b|c', 'AB', false],
	['(?i:a)b', 'Ab', true],
	['(?i:a)b', 'AB', false],
	['(?i)a(?-i)b', 'AB', false],
	['(?P<name>a)(?<other>b)', 'ab', true],
	['a{2,3}', 'aaa', true],
	['a{2,3}', 'aaaa', false],
	['a{2,}', 'aaaaa', true],
	['a{,3}', 'a{,3}', true],
	['a{0}b', 'b', true],
	['(a|b)*?c+', 'ababcc', true],
	['(a{0})*', '', true],
	['[[:alpha:]]+', 'abC', true],
	['[^]a]', 'b', true],
	['[]a]+', ']a', true],
	['[a-c-]+', 'b-', true],
	['[\\w.-]+', 'a.b-c', true],
	['[\\d\\s]+', '1 2', true],
	['\\Qa.b\\E', 'a.b', true],
	['\\Qa.b', 'axb', false],
	['\\bfoo\\b', 'foo', true],
	['a\\Bb', 'ab', true],
	['\\Aa\\z', 'a', true],
	['(^|/)a($|/)', '/a', true],
	['\\pL+', 'é', true],
	['\\p{Greek}\\P{Greek}\\p{^Greek}', 'αab', true],
	['\\x{41}\\101\\x42', 'AAB', true],
	['.*', 'a\nb', false],
	['(?s).*', 'a\nb', true],
	['(?m)a$\n^b', 'a\nb', true],
	['\\.\\-\\/', '.-/', true],
	['', '', true],
	['', 'a', false],
	['[[:^alpha:]]', '1', undefined],
];

/** Of the syntax that RE2 and JavaScript have in common. */
const piece = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\w', '\\d', '\\b', '^', '$', '(?:a|b)', '(ab|c|)');
const repeat = fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,2}', '{0,}', '*?');
const branch = fc.array(
	fc.tuple(piece, repeat).map(([part, times]) => part + times),
	{ maxLength: 5 },
);
const regexes = fc.array(
	branch.map((parts) => parts.join('')),
	{ minLength: 1, maxLength: 3 },
);

describe('a regex of a route, as explain matches it', () => {
	for (const [regex, text, isMatched] of rows)
		test(`${JSON.stringify(regex)} and ${JSON.stringify(text)}`, () => {
			assert.equal(regexProblem(regex), undefined);
			assert.equal(matchesRegex(regex, text), isMatched);
		});

	test('where JavaScript has the same syntax, it has the same answer', () => {
		const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', ' '), maxLength: 6 });
		fc.assert(
			fc.property(regexes, texts, (branches, text) => {
				const regex = branches.join('|');
				// JavaScript repeats no edges.
				fc.pre(!/(\\b|\^|\$)[*+?{]/.test(regex));
				assert.equal(matchesRegex(regex, text), new RegExp(`^(?:${regex})$`).test(text), regex);
			}),
			{ numRuns: 1_000 },
		);
	});

	test('one that takes others exponential time does not take long', () => {
		assert.equal(matchesRegex('(a*)*b', 'a'.repeat(2_000)), false);
		assert.equal(matchesRegex('(a|a)*(b|c)', 'a'.repeat(500)), false);
	});
});
