import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { createHost } from './host.ts';
import { listNamespaces } from './namespace.ts';
import { namespacesOf, startOwner } from './owner-program.ts';
import { createPeer } from './peer.ts';
import { isAlive } from './processes.ts';

test('a host made of namespaces is gone after a failure, with all that ran in it', async () => {
	const seen: { names: string[]; pid: number } = { names: [], pid: 0 };
	await assert.rejects(async () => {
		using lab = createHost();
		const peer = createPeer(lab.host);
		await peer.listen('app', [8080]);
		seen.names = [lab.host.name, lab.world.name, lab.container.name];
		seen.pid = peer.pid;
		throw new Error('a test fails');
	}, /a test fails/);
	assert.deepEqual(
		listNamespaces().filter((name) => seen.names.includes(name)),
		[],
	);
	assert.equal(isAlive(seen.pid), false);
});

test('Ctrl-C leaves nothing of a host', async () => {
	const owner = await startOwner();
	assert.equal(namespacesOf(owner).length, 3);
	owner.signal('SIGINT');
	assert.equal(await owner.ended, 130);
	assert.deepEqual(namespacesOf(owner), []);
});

test('an error that nobody catches leaves nothing of a host', async () => {
	const owner = await startOwner('fail');
	assert.equal(await owner.ended, 1);
	assert.deepEqual(namespacesOf(owner), []);
});

test('what a killed owner left is gone with the next host, what a running one uses is not', async () => {
	const [killed, running] = await Promise.all([startOwner(), startOwner()]);
	killed.child.kill('SIGKILL');
	await killed.ended;
	assert.equal(namespacesOf(killed).length, 3);
	{
		using _lab = createHost();
		assert.deepEqual(namespacesOf(killed), []);
		assert.equal(namespacesOf(running).length, 3);
	}
	running.signal('SIGTERM');
	assert.equal(await running.ended, 143);
	assert.deepEqual(namespacesOf(running), []);
});

test('no link of a host is ever seen on the machine itself', () => {
	const links = (): string => execFileSync('ip', ['-brief', 'link'], { encoding: 'utf8' });
	const before = links();
	using _lab = createHost();
	assert.equal(links(), before);
});

test('what fails inside a host says why', () => {
	using lab = createHost();
	assert.throws(() => lab.host.run('ip', ['link', 'show', 'eth7']), /exit code 1: Device "eth7" does not exist/);
	assert.equal(lab.host.tryRun('ip', ['link', 'show', 'eth7']).code, 1);
	assert.equal(lab.host.run('id', ['-u'], { uid: 1000 }), '1000\n');
	assert.equal(lab.host.run('id', ['-G'], { gid: 1337 }), '1337\n');
});
