// docs/looking-at-a-mesh.md shows what the commands print of the definitions of docs/mesh.md.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { explain } from '../../../src/commands/explain.ts';
import { mesh } from '../../../src/commands/mesh.ts';
import { printedBy } from '../../support/command-terminal.ts';
import { meshPageFiles } from '../../support/mesh-page.ts';
import { readPages } from '../../support/pages.ts';

const page = readPages().find(({ path }) => path === 'docs/looking-at-a-mesh.md')?.text ?? '';
const folder = mkdtempSync(join(tmpdir(), 'turnout-page-'));
after(() => rmSync(folder, { recursive: true }));

/** What the page shows below a command. */
const shownBelow = (command: string): string =>
	page
		.split('```\n')
		.find((block) => block.startsWith(`$ ${command}\n`))
		?.replace(/^.*\n/, '') ?? '';

function save(name: string, files: ReadonlyMap<string, string>): string {
	const path = join(folder, name);
	mkdirSync(path);
	for (const [file, text] of files) writeFileSync(join(path, file), text);
	return path;
}
const whole = save('whole', meshPageFiles);
const former = save('former', new Map([...meshPageFiles].filter(([name]) => name !== 'metrics.json')));
const halves = [...meshPageFiles].map(
	([name, text]) => [name, text.replace(/"weight": (90|10)/g, '"weight": 50')] as const,
);
const edited = save('edited', new Map(halves));

test('its answer of explain', async () => {
	const words = ['GET', 'http://serviceB.simpleapp.local/metrics'];
	const shown = shownBelow(`turnout explain ${words.join(' ')}`);
	assert.equal((await printedBy(explain, [...words, whole], { node: 'serviceA' })).printed, shown);
});

test('its differences', async () => {
	const shown = shownBelow('turnout mesh diff /root/mesh-new');
	const { printed, code } = await printedBy(mesh, ['diff', edited], { node: 'serviceA', against: former });
	assert.equal(printed.replace(former, 'what Envoy accepted last'), shown);
	assert.equal(code, 2);
});
