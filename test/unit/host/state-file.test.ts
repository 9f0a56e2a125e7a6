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

test('state is read back, and members of a later version are ignored', async () => {
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
	['empty', text(''), /not a JSON object/],
	['cut off', text(JSON.stringify(whole).slice(0, -9)), /not a JSON object/],
	['binary', text(Buffer.from([0, 0xff, 0xfe, 0x80, 10])), /not a JSON object/],
	['a list', text('[]'), /not a JSON object/],
	['null', text('null'), /not a JSON object/],
	['with an invalid choice', text('{"wanted":"rm"}'), /its "wanted" has a value that turnout never writes/],
	['with an invalid time', text('{"since":"yesterday"}'), /its "since" has a value/],
	['with an invalid dialect', text('{"dialect":{}}'), /its "dialect" has a value/],
	['with an invalid image', text('{"image":{"chosen":"a b; rm","settings":""}}'), /its "image" has a value/],
	['huge', text(`{"since":"${'x'.repeat(100_000)}"}`), /over 64 KiB/],
	['a folder', (path) => mkdirSync(join(path, 'full'), { recursive: true }), /it is not a regular file/],
	['a pipe that nobody writes to', (path) => void execFileSync('mkfifo', [path]), /it is not a regular file/],
	['a link to itself', (path) => symlinkSync(path, path), /links form a loop/],
	['a link to what has no end', (path) => symlinkSync('/dev/zero', path), /it is not a regular file/],
];

for (const [what, make, why] of broken)
	test(`a broken state file (${what}) is set aside, only the last one is kept, and the defaults apply`, async () => {
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

test('a file that has its text already is not written again', () => {
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

test('a folder that can never be written is distinguished from a disk that is full for now', () => {
	using scratch = createScratch('state');
	writeFileSync(join(scratch.path, 'plain'), '');
	for (const folder of [join(scratch.path, 'plain'), join(scratch.path, 'plain', 'below')]) {
		const unwritten = createStateStore(folder).write(whole);
		assert.equal(unwritten?.isTransient, false);
		assert.match(unwritten?.failure.message ?? '', /^Cannot write .*: a part of the path is not a directory$/);
	}
});

const other = { ...whole, wanted: 'disabled' } as const;

test('a draft that a killed daemon left counts as the state, and is moved into place by the next start', async () => {
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
	['full of zeros', '\0'.repeat(130)],
] as const)
	test(`a draft that a power cut left ${what} is ignored`, () => {
		using scratch = createScratch('state');
		writeFileSync(join(scratch.path, 'state.json'), JSON.stringify(whole));
		writeFileSync(join(scratch.path, 'state.json.new'), draft);
		assert.deepEqual(createStateStore(scratch.path).read(), { state: whole, broken: '' });
	});

test('state that is not on disk yet can be read, and a failure to write it is reported', async () => {
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

test('a file is renamed into place only once its content is on disk, and then its folder is synced', { skip }, () => {
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
