import assert from 'node:assert/strict';
import { test } from 'node:test';
import { regexProblem } from '../../../src/mesh/regex.ts';
import { processorMsOf } from '../../support/processor-time.ts';

// test/contract/mesh-validate.test.ts holds the same function against Envoy.
test('what RE2 does not have is told by name', () => {
	const rows: readonly (readonly [string, RegExp | undefined])[] = [
		['/(?!admin).*', /^RE2 has no lookahead and no lookbehind \(at character 2\)$/],
		['(?<=a)b', /lookbehind/],
		['(a)\\1', /^RE2 has no backreferences \(at character 4\)$/],
		['(?>a)', /atomic groups/],
		['(unclosed', /^a \( is not closed$/],
		['a)', /closes nothing/],
		['[a', /a \[ is not closed/],
		['[^]*', /a \[ is not closed/],
		['[]]', undefined],
		['[[:alpha:]', /a \[ is not closed/],
		['[[:alfa:]]', /has a class that RE2 does not know/],
		['\\x{100}', /no character above \\x\{FF\}/],
		['a{2,1}', /ends before it starts/],
		['a{1001}', /at most 1000 times/],
		['(a{100}){11}', /too large/],
		['*a', /nothing that \* could repeat/],
		['\\y', /does not know this escape/],
		['/(v1|v2)/[^/]+/items(?:\\?.*)?', undefined],
	];
	for (const [text, expected] of rows) {
		const problem = regexProblem(text);
		if (expected === undefined) assert.equal(problem, undefined, text);
		else assert.match(problem ?? '', expected, text);
	}
});

test('a regex that would take others exponential time is looked at in no time', () => {
	assert.ok(processorMsOf(() => regexProblem('(a*)*'.repeat(20_000))) < 2_000);
});
