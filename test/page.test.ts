// The console's page as it is built and served, without a browser: test/host/control/console.long.test.ts has one.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { buildPage } from '../scripts/page.ts';
import { createScratch } from './lab/net/scratch.ts';
import { serveConsole } from './support/served-console.ts';

const scratch = createScratch('page');
after(() => scratch[Symbol.dispose]());
await buildPage(scratch.path);
const assets = new Map(readdirSync(scratch.path).map((name) => [name, readFileSync(join(scratch.path, name))]));
const page = String(assets.get('index.html'));
const script = [...assets].find(([name]) => name.endsWith('.js')) ?? ['', Buffer.alloc(0)];

test('the page loads its own files and nothing else, by names that change with their content', async () => {
	const named = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name = '']) => name);
	assert.equal(named.length, 3);
	await using served = await serveConsole(undefined, { assets });
	const browser = served.open();
	for (const name of named) {
		assert.match(name, /^[a-z]+-[\w]{8}\.(js|css|svg)$/);
		const { status, headers } = await browser.ask('GET', `/console/${name}`);
		assert.equal(status, 200);
		assert.equal(headers['cache-control'], 'public, max-age=31536000, immutable');
		assert.match(String(headers['content-type']), /^(text\/javascript|text\/css|image\/svg\+xml)/);
	}
	assert.equal((await browser.ask('GET', '/console/../lib/turnout.cjs')).status, 404);
});

test('nothing on the page needs more than its policy allows', () => {
	assert.doesNotMatch(page, /<script(?![^>]+src=)|<style|\son\w+=|\sstyle=|javascript:/);
	const text = String(script[1]);
	assert.doesNotMatch(text, /\beval\(|new Function\(|document\.write|insertAdjacentHTML|outerHTML|DOMParser|srcdoc/);
	assert.doesNotMatch(text, /\b(?:fetch|import)\(["'`]https?:/);
	const sheet = [...assets].find(([name]) => name.endsWith('.css'));
	assert.doesNotMatch(String(sheet?.[1]), /url\(|@import/);
});

test('no file of the page sets markup from text', () => {
	const source = join(import.meta.dirname, '../src/console');
	for (const name of readdirSync(source))
		assert.doesNotMatch(
			readFileSync(join(source, name), 'utf8'),
			/innerHTML|insertAdjacentHTML|document\.write|srcdoc/i,
			name,
		);
});

test('the page and all that it loads have less than 400 kB', () => {
	const size = [...assets.values()].reduce((sum, { length }) => sum + length, 0);
	assert.ok(size < 400_000, `${size} bytes`);
});
