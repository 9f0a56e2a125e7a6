// The boxes are provisioned with the commands that the documentation gives, and with nothing else.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { blocksOf, commandsOf, readPages, root } from './support/pages.ts';

const vagrantfile = readFileSync(join(root, 'vagrant/Vagrantfile'), 'utf8');
const boxes = [...vagrantfile.matchAll(/^ {2}'\w+' => \['([\w./-]+)', '([\w, ]+)'\]/gm)].map(
	([, box = '', title = '']) => ({
		box,
		title,
	}),
);

test('there are boxes of all the systems that the documentation names', () => {
	const named = ['bento/amazonlinux-2023', 'bento/ubuntu-24.04', 'bento/debian-12', 'bento/rockylinux-9'];
	assert.deepEqual(
		boxes.map(({ box }) => box),
		named,
	);
});

test('what a box is provisioned with stands in the documentation', () => {
	const provisioning = [...vagrantfile.matchAll(/provision .*inline: "(.*)"$/gm)].map(([, text]) => text);
	assert.deepEqual(provisioning, ["set -eux\\ncd /srv/turnout\\n#{commands(title)}#{commands('All')}"]);
	for (const title of [...boxes.map((each) => each.title), 'All'])
		assert.match(commandsOf('docs/service.md', title), /\n\w/, title);
	const page = readPages().find(({ path }) => path === 'docs/service.md');
	const blocks = page ? blocksOf(page).filter(({ language }) => language === 'sh') : [];
	assert.equal(blocks.length, new Set(boxes.map(({ title }) => title)).size + 1);
});
