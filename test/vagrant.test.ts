// The boxes are provisioned with the commands that the documentation gives, which the Vagrantfile looks up by their title.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { blocksOf, commandsOf, readPages, root } from './support/pages.ts';

const vagrantfile = readFileSync(join(root, 'vagrant/Vagrantfile'), 'utf8');
const titles = [...vagrantfile.matchAll(/^ {2}'\w+' => \['[\w./-]+', '([\w, ]+)'\]/gm)].map(([, title = '']) => title);

test('for the system of each box, and for all of them, the documentation has commands', () => {
	assert.ok(titles.length > 0);
	for (const title of [...titles, 'All']) assert.match(commandsOf('docs/service.md', title), /\n\w/, title);
});

test('each system that the documentation has commands for has a box', () => {
	const page = readPages().find(({ path }) => path === 'docs/service.md');
	assert.ok(page);
	const documented = blocksOf(page)
		.filter(({ language }) => language === 'sh')
		.map(({ text }) => /^# (.+)$/m.exec(text)?.[1] ?? text);
	assert.deepEqual(documented.toSorted(), [...new Set([...titles, 'All'])].toSorted());
});
