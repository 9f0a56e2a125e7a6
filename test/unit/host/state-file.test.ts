import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createStateStore, writeOrFail } from '../../../src/host/files/state-file.ts';
import { createScratch } from '../../lab/net/scratch.ts';

const whole = {
	wanted: 'enabled',
	since: '2026-11-23T05:31:26.120Z',
	dialect: 'iptables-nft',
	image: { chosen: 'envoy:2', settings: 'envoy:1' },
} as const;

test('what was written is read, also what a later version has added to it', async () => {
	using scratch = createScratch('state');
	const store = createStateStore(join(scratch.path, 'deep', 'er'));
	assert.deepEqual(store.read(), { state: {}, broken: '' });
	assert.equal(store.write(whole), undefined);
	assert.deepEqual(store.read(), { state: whole, broken: '' });
	assert.equal(await store.published(), undefined);
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
	['a link to itself', (path) => symlinkSync(path, path), /links form a loop/],
	['a link to what has no end', (path) => symlinkSync('/dev/zero', path), /it is no file/],
];

for (const [what, make, why] of broken)
	test(`a state file that is ${what} is set aside, one of them is kept, and the defaults hold`, async () => {
		using scratch = createScratch('state');
		const path = join(scratch.path, 'state.json');
		mkdirSync(join(scratch.path, 'state.json.broken', 'of last year'), { recursive: true });
		make(path);
		const { state, broken } = createStateStore(scratch.path).read();
		assert.deepEqual(state, {});
		assert.match(broken, why);
		assert.match(broken, /state\.json could not be used .* was set aside as .*state\.json\.broken$/);
		assert.deepEqual(readdirSync(scratch.path), ['state.json.broken']);
		const store = createStateStore(scratch.path);
		assert.equal(store.write(whole), undefined);
		assert.equal(await store.published(), undefined);
		assert.deepEqual(createStateStore(scratch.path).read().state, whole);
	});

test('what is there already is not written again', () => {
	using scratch = createScratch('state');
	const inode = () => statSync(path).ino;
	const path = join(scratch.path, 'some.json');
	writeOrFail(path, '{"a":1}', 0o644);
	const before = inode();
	writeOrFail(path, '{"a":1}', 0o644);
	assert.equal(inode(), before);
	writeOrFail(path, '{"a":2}', 0o644);
	assert.equal(readFileSync(path, 'utf8'), '{"a":2}');
	assert.equal(statSync(path).mode & 0o777, 0o644);
});

test('a folder that can never be written is told from a disk that cannot be written now', () => {
	using scratch = createScratch('state');
	writeFileSync(join(scratch.path, 'plain'), '');
	for (const folder of [join(scratch.path, 'plain'), join(scratch.path, 'plain', 'below')]) {
		const unwritten = createStateStore(folder).write(whole);
		assert.equal(unwritten?.isTransient, false);
		assert.match(unwritten?.failure.message ?? '', /^Cannot write .*: a part of the path is not a directory$/);
	}
});

const other = { ...whole, wanted: 'disabled' } as const;

test('what a kill has left of a change is what counts, and takes its place with the next start', async () => {
	using scratch = createScratch('state');
	const path = join(scratch.path, 'state.json');
	writeFileSync(path, JSON.stringify(whole));
	writeFileSync(`${path}.new`, `${JSON.stringify(other)}\n`);
	const store = createStateStore(scratch.path);
	assert.deepEqual(store.read(), { state: other, broken: '' });
	assert.equal(store.write(other), undefined);
	assert.equal(await store.published(), undefined);
	assert.deepEqual(readdirSync(scratch.path), ['state.json']);
	assert.equal(JSON.parse(readFileSync(path, 'utf8')).wanted, 'disabled');
	// Said back and forth before the disk had any of it.
	assert.equal(store.write(whole), undefined);
	assert.equal(store.write(other), undefined);
	assert.deepEqual(createStateStore(scratch.path).read().state, other);
	assert.equal(await store.published(), undefined);
	assert.deepEqual(createStateStore(scratch.path).read().state, other);
});

for (const [what, draft] of [
	['empty', ''],
	['cut off', '{"wanted":"disab'],
	['of zeros', '\0'.repeat(130)],
] as const)
	test(`a draft that a power cut has left ${what} changes nothing of what was there before`, () => {
		using scratch = createScratch('state');
		writeFileSync(join(scratch.path, 'state.json'), JSON.stringify(whole));
		writeFileSync(join(scratch.path, 'state.json.new'), draft);
		assert.deepEqual(createStateStore(scratch.path).read(), { state: whole, broken: '' });
	});

test('a wish that the disk has not taken yet is there for whoever reads it, and is told when it cannot be kept', async () => {
	using scratch = createScratch('state');
	const store = createStateStore(scratch.path);
	assert.equal(store.write(whole), undefined);
	assert.deepEqual(readdirSync(scratch.path), ['state.json.new']);
	assert.deepEqual(createStateStore(scratch.path).read().state, whole);
	await store.published();
	mkdirSync(join(scratch.path, 'aside'));
	const path = join(scratch.path, 'state.json');
	execFileSync('mv', [path, join(scratch.path, 'aside')]);
	mkdirSync(join(path, 'full'), { recursive: true });
	assert.equal(store.write(other), undefined);
	assert.match((await store.published())?.failure.message ?? '', /^Cannot write .*state\.json: it is a directory$/);
	execFileSync('rm', ['-r', path]);
	assert.equal(store.write(other), undefined);
	assert.equal(await store.published(), undefined);
	assert.equal(JSON.parse(readFileSync(path, 'utf8')).wanted, 'disabled');
});

/** What a process asks the kernel for, about these files: names of system calls and files, in order. */
function callsOf(folder: string, program: string): string[] {
	const trace = join(folder, 'trace');
	const calls = 'trace=openat,write,fsync,rename,renameat,renameat2,unlink';
	const node = [process.execPath, '--input-type=module', '-e', program];
	execFileSync('strace', ['-f', '-y', '-o', trace, '-e', calls, ...node], { cwd: folder });
	return readFileSync(trace, 'utf8')
		.split('\n')
		.flatMap((line) => {
			const [, call = '', given = ''] = /^\d+ +(fsync|rename\w*|write)\((.*)/.exec(line) ?? [];
			const names = [...given.matchAll(/[<"]([^<>"]*disk[^<>"]*)[>"]/g)].map(([, path = '']) => path.split('/').at(-1));
			return names.length === 0 ? [] : [`${call} ${names.join(' ')}`];
		});
}

const hasStrace = ['/usr/bin/strace', '/bin/strace'].some((path) => existsSync(path));
const skip = hasStrace ? false : 'strace is not installed';

test('a file takes the place of another once its content is on the disk, and the folder follows', { skip }, () => {
	using scratch = createScratch('state');
	const at = (path: string) => JSON.stringify(new URL(`../../../src/${path}`, import.meta.url).href);
	const folder = JSON.stringify(join(scratch.path, 'disk'));
	const state = `const { createStateStore } = await import(${at('host/files/state-file.ts')}); createStateStore(${folder}).write({});`;
	assert.deepEqual(callsOf(scratch.path, state), [
		'write state.json.part',
		'rename state.json.part state.json.new',
		'fsync state.json.new',
		'rename state.json.new state.json',
		'fsync disk',
	]);
	const path = JSON.stringify(join(scratch.path, 'disk', 'some.json'));
	const whole = `const { writeOrFail } = await import(${at('host/files/state-file.ts')}); writeOrFail(${path}, '{}', 0o600);`;
	assert.deepEqual(callsOf(scratch.path, whole), [
		'write some.json.new',
		'fsync some.json.new',
		'rename some.json.new some.json',
		'fsync disk',
	]);
});
