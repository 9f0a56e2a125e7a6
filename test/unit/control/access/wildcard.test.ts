import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { matchesWildcard } from '../../../../src/control/access/wildcard.ts';

const cases: readonly (readonly [pattern: string, text: string, isMatch: boolean])[] = [
	['', '', true],
	['', 'a', false],
	['*', '', true],
	['*', 'arn:aws:appmesh:us-west-2:123456789012:mesh/a', true],
	['appmesh:describe*', 'appmesh:describemesh', true],
	['appmesh:describe*', 'appmesh:describe', true],
	['appmesh:describe*', 'appmesh:updatemesh', false],
	['appmesh:?escribemesh', 'appmesh:describemesh', true],
	['appmesh:?describemesh', 'appmesh:describemesh', false],
	['appmesh:*mesh', 'appmesh:createmesh', true],
	['appmesh:*mesh*', 'appmesh:listmeshes', true],
	['a:b:mesh/*/virtualNode/x', 'a:b:mesh/m/virtualNode/x', true],
	['a:b:mesh/*/virtualNode/x', 'a:b:mesh/m/virtualNode/y/virtualNode/x', true],
	['a:b:mesh/*/virtualNode/x', 'a:b:mesh/m/virtualNode/X', false],
	['a:b:mesh/*x', 'a:b:mesh/y:x', false],
	['a:b:mesh/?', 'a:b:mesh/:', false],
	['a:b*:mesh/x', 'a:b:c:d:mesh/x', true],
	['a:*', 'a:b:c:d', true],
	['a:*b', 'a:c:b', false],
	['x*:b*c', 'xx:bx:bc', true],
	['mesh/\u{1f600}?', 'mesh/\u{1f600}\u{1f601}', true],
	['mesh/.', 'mesh/x', false],
	['mesh/[a]', 'mesh/a', false],
];

for (const [pattern, text, isMatch] of cases)
	test(`${JSON.stringify(pattern)} ${isMatch ? 'matches' : 'does not match'} ${JSON.stringify(text)}`, () => {
		assert.equal(matchesWildcard(pattern, text), isMatch);
	});

/** The same rules, as the regular expression that they are. */
const asExpression = (pattern: string): RegExp =>
	new RegExp(
		`^${pattern
			.replace(/[\\^$.()[\]{}|+/-]/g, '\\$&')
			.replace(/\*+(?=:|$)/g, '\0')
			.replace(/\*/g, '[^:]*')
			.replace(/\?/g, '[^:]')
			.replaceAll('\0', '[^]*')}$`,
		'u',
	);

const letters = fc.constantFrom(...'*?:/ab.\u{1f600}');
const patterns = fc.array(letters, { maxLength: 10 }).map((all) => all.join(''));
const texts = fc.array(fc.constantFrom(...':/ab.\u{1f600}'), { maxLength: 14 }).map((all) => all.join(''));

test('any pattern matches any text as its regular expression does', () => {
	fc.assert(
		fc.property(patterns, texts, (pattern, text) => {
			assert.equal(matchesWildcard(pattern, text), asExpression(pattern).test(text), asExpression(pattern).source);
		}),
		{ numRuns: 2_000 },
	);
});

test('any text matches itself, and what it is with wildcards in its place', () => {
	fc.assert(
		fc.property(texts, fc.nat(), (text, at) => {
			const characters = [...text];
			const start = characters.slice(0, at % (characters.length + 1)).join('');
			assert.ok(matchesWildcard(text, text));
			assert.ok(matchesWildcard(`${start}*`, text));
			assert.ok(matchesWildcard('*', text));
		}),
		{ numRuns: 300 },
	);
});

test('a pattern of many wildcards does not take longer and longer', () => {
	const startedMs = performance.now();
	assert.equal(matchesWildcard(`${'*a'.repeat(200)}b`, 'a'.repeat(1_000)), false);
	assert.ok(performance.now() - startedMs < 2_000);
});
