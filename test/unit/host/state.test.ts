import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createScratch } from '../../../lab/scratch.ts';
import { createStateStore, writeOrFail } from '../../../src/host/state.ts';

const whole = {
	wanted: 'enabled',
	since: '2026-11-23T05:31:26.120Z',
	dialect: 'iptables-nft',
	image: { chosen: 'envoy:2', settings: 'envoy:1' },
} as const;

test('what was written is read, also what a later version has added to it', () => {
	using scratch = createScratch('state');
	const store = createStateStore(join(scratch.path, 'deep', 'er'));
	assert.deepEqual(store.read(), { state: {}, broken: '' });
	assert.equal(store.write(whole), undefined);
	assert.deepEqual(store.read(), { state: whole, broken: '' });
	const path = join(scratch.path, 'deep', 'er', 'state.json');
	assert.equal(statSync(path).mode & 0o777, 0o600);
	writeFileSync(path, JSON.stringify({ ...whole, moon: 'full' }));
	assert.deepEqual(store.read(), { state: whole, broken: '' });
	assert.deepEqual(readdirSync(join(path, '..')), ['state.json']);
});

type Make = (path: string) => void;
const text =
	(content: string | Buffer): Make =>
	(path) =>
		writeFileSync(path, content);
const broken: readonly (readonly [what: string, make: Make, why: RegExp])[] = [
	['empty', text(''), /no JSON object/],
	['cut off', text(JSON.stringify(whole).slice(0, -9)), /no JSON object/],
	['binary', text(Buffer.from([0, 0xff, 0xfe, 0x80, 10])), /no JSON object/],
	['a list', text('[]'), /no JSON object/],
	['null', text('null'), /no JSON object/],
	['of a wish that is none', text('{"wanted":"rm"}'), /its "wanted" is nothing that turnout writes/],
	['of a time that is none', text('{"since":"yesterday"}'), /its "since" is/],
	['of a dialect that is none', text('{"dialect":{}}'), /its "dialect" is/],
	['of an image that is none', text('{"image":{"chosen":"a b; rm","settings":""}}'), /its "image" is/],
	['huge', text(`{"since":"${'x'.repeat(100_000)}"}`), /over 64 KiB/],
	['a folder', (path) => mkdirSync(join(path, 'full'), { recursive: true }), /it is no file/],
	['a pipe that nobody writes to', (path) => void execFileSync('mkfifo', [path]), /it is no file/],
	['a link to itself', (path) => symlinkSync(path, path), /links lead in a circle/],
	['a link to what has no end', (path) => symlinkSync('/dev/zero', path), /it is no file/],
];

for (const [what, make, why] of broken)
	test(`a state file that is ${what} is set aside, one of them is kept, and the defaults hold`, () => {
		using scratch = createScratch('state');
		const path = join(scratch.path, 'state.json');
		mkdirSync(join(scratch.path, 'state.json.broken', 'of last year'), { recursive: true });
		make(path);
		const { state, broken } = createStateStore(scratch.path).read();
		assert.deepEqual(state, {});
		assert.match(broken, why);
		assert.match(broken, /state\.json could not be used .* was set aside as .*state\.json\.broken$/);
		assert.deepEqual(readdirSync(scratch.path), ['state.json.broken']);
		assert.equal(createStateStore(scratch.path).write(whole), undefined);
		assert.deepEqual(createStateStore(scratch.path).read().state, whole);
	});

test('what is there already is not written again', () => {
	using scratch = createScratch('state');
	const inode = () => statSync(path).ino;
	const path = join(scratch.path, 'some.json');
	writeOrFail(scratch.path, path, '{"a":1}', 0o644);
	const before = inode();
	writeOrFail(scratch.path, path, '{"a":1}', 0o644);
	assert.equal(inode(), before);
	writeOrFail(scratch.path, path, '{"a":2}', 0o644);
	assert.equal(readFileSync(path, 'utf8'), '{"a":2}');
	assert.equal(statSync(path).mode & 0o777, 0o644);
});

test('a folder that can never be written is told from a disk that cannot be written now', () => {
	using scratch = createScratch('state');
	writeFileSync(join(scratch.path, 'plain'), '');
	for (const folder of [join(scratch.path, 'plain'), join(scratch.path, 'plain', 'below')]) {
		const unwritten = createStateStore(folder).write(whole);
		assert.equal(unwritten?.mayPass, false);
		assert.match(unwritten?.failure.message ?? '', /^Cannot write .*: a part of the path is no folder$/);
	}
});
