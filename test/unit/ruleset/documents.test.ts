import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { differences } from '../../../src/firewall/iptables/diff.ts';
import { emptyRules } from '../../../src/firewall/iptables/iptables-rules.ts';
import { parseIptablesSave } from '../../../src/firewall/iptables/parse-save.ts';
import { renderIptables } from '../../../src/firewall/iptables/render-rules.ts';
import { renderRestoreDocument } from '../../../src/firewall/iptables/restore-document.ts';
import { buildRuleset } from '../../../src/ruleset/build.ts';
import { families } from '../../../src/values/units.ts';
import { captureOf } from '../../support/capture.ts';
import { matchesGolden } from '../../support/golden.ts';
import { cases } from './cases.ts';

const golden = join(import.meta.dirname, 'golden');
const fileOf = (name: string): string => `${name.replace(/[^a-z0-9]+/gi, '-')}.txt`;

for (const [name, texts] of Object.entries(cases))
	test(`${name}: the documents match their reviewed golden file`, () => {
		const capture = captureOf(texts);
		const documents = families.map((family) => {
			return `# ${family}\n${renderRestoreDocument(emptyRules, renderIptables(buildRuleset(capture, family)))}`;
		});
		matchesGolden(documents.join('\n'), join(golden, fileOf(name)));
	});

test('every golden file belongs to a case', () => {
	assert.deepEqual(readdirSync(golden).sort(), Object.keys(cases).map(fileOf).sort());
});

for (const [name, texts] of Object.entries(cases))
	test(`${name}: the document equals what iptables-save would print`, () => {
		for (const family of families) {
			const held = renderIptables(buildRuleset(captureOf(texts), family));
			const document = renderRestoreDocument(emptyRules, held);
			// A document that only adds has the form of a saved one, except for positions.
			const saved = document.replace(/^-I (\S+) \d+ /gm, '-A $1 ');
			assert.deepEqual(differences(parseIptablesSave(saved), held), []);
		}
	});

for (const [name, texts] of Object.entries(cases))
	test(`${name}: each rule has a reason of at most iptables' 255 characters`, () => {
		for (const family of families)
			for (const line of renderRestoreDocument(
				emptyRules,
				renderIptables(buildRuleset(captureOf(texts), family)),
			).split('\n')) {
				if (!/^-[AI] /.test(line)) continue;
				const [, because = ''] = / --comment "(turnout: [^"]+)" -j /.exec(line) ?? [];
				assert.match(because, /^turnout: .{10}/);
				assert.ok(because.length <= 255);
			}
	});
