// What `nft --file` gets for settings of all kinds, and `turnout render` prints.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { nft } from '../../../../src/firewall/nft/nft-firewall.ts';
import { buildRuleset } from '../../../../src/ruleset/build.ts';
import { byFamily } from '../../../../src/values/units.ts';
import { captureOf } from '../../../support/capture.ts';
import { matchesGolden } from '../../../support/golden.ts';
import { cases } from '../../ruleset/cases.ts';

const golden = join(import.meta.dirname, 'golden');
const fileOf = (name: string): string => `${name.replace(/[^a-z0-9]+/gi, '-')}.txt`;
const documentOf = (texts: (typeof cases)[string]): string =>
	nft.renderInstallations(byFamily((family) => buildRuleset(captureOf(texts), family)))[0]?.document ?? '';

for (const [name, texts] of Object.entries(cases)) {
	test(`${name}: the document for nft matches its reviewed golden file`, () =>
		matchesGolden(documentOf(texts), join(golden, fileOf(name))));

	test(`${name}: each rule has a reason of at most nft's 128 characters, and none is there twice`, () => {
		const chains = documentOf(texts)
			.split(/^\tchain /m)
			.slice(1);
		for (const chain of chains) {
			const rules = chain.match(/^\t\t(?!type ).*$/gm) ?? [];
			assert.deepEqual(rules, [...new Set(rules)]);
			for (const rule of rules) {
				const [, because = ''] = / comment "(turnout: [^"]+)"$/.exec(rule) ?? [];
				assert.match(because, /^turnout: .{10}/);
				assert.ok(because.length <= 128, because);
			}
		}
	});
}

const LONG = 'a long list, with its set before';

test(`${LONG}: the documents for nft match their reviewed golden file`, () => {
	const egressIgnoredIps = Array.from({ length: 33 }, (_, at) => `10.0.${at}.0/25`).join(',');
	const capture = { ...captureOf({ egressIgnoredIps }), hasSets: true };
	const [{ sets, document } = {}] = nft.renderInstallations(byFamily((family) => buildRuleset(capture, family)));
	matchesGolden(`${sets}${document}`, join(golden, fileOf(LONG)));
});

test('every golden file belongs to a case', () => {
	assert.deepEqual(readdirSync(golden).sort(), [...Object.keys(cases), LONG].map(fileOf).sort());
});
