// A back-up of etcd put back while a control and its hosts follow it: they are to have what it has, and nothing of what they knew.
import assert from 'node:assert/strict';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createNamespace } from '../../lab/net/namespace.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { peerUrl, startEtcd } from '../../lab/services/etcd.ts';
import { createEtcdStore } from '../../support/etcd-store.ts';
import { eventually } from '../../support/eventually.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const KEY = '/t/m/virtualNode/a.yaml';
const OTHER = '/t/m/virtualNode/b.yaml';
const node = (name: string, note: string) => `meshName: m\nvirtualNodeName: ${name}\nspec: {}\n# ${note}\n`;

describe('an etcd and its back-up', async () => {
	const stack = suiteStack();
	const host = stack.use(createNamespace('etcd'));
	host.run('ip', ['link', 'set', 'lo', 'up']);
	const [here, elsewhere] = [stack.use(createScratch('etcd')).path, stack.use(createScratch('etcd')).path];
	const backUp = join(elsewhere, 'snap.db');
	const first = stack.use(await startEtcd(host, { folder: here }));
	const ending = new AbortController();
	stack.defer(() => ending.abort());
	const { mirror } = createEtcdStore([first.socket], { prefix: '/t' }, ending.signal);
	const textOf = (key: string) => mirror.content()?.values.get(key)?.text;

	test('who followed it reads it anew, also where it has had as many changes since', async () => {
		const change = (ctl: typeof first.ctl, key: string, text: string, mark: string) => {
			ctl('put', key, text);
			ctl('put', '/t/.generation', mark);
		};
		change(first.ctl, KEY, node('a', 'kept'), 'one');
		change(first.ctl, OTHER, node('b', 'kept'), 'two');
		first.ctl('snapshot', 'save', backUp);
		change(first.ctl, KEY, node('a', 'lost'), 'three');
		await eventually(
			() => textOf(KEY),
			(text) => text === node('a', 'lost'),
		);
		await first.end('SIGKILL');

		const asBefore = ['--name', 'default', '--initial-cluster', `default=${peerUrl('127.0.0.1')}`];
		first.tryCtl(
			...['snapshot', 'restore', backUp, '--data-dir', join(elsewhere, 'data'), ...asBefore],
			...['--initial-advertise-peer-urls', peerUrl('127.0.0.1')],
		);
		const restored = await startEtcd(host, { folder: elsewhere });
		for (const note of ['new', 'newer', 'newest']) change(restored.ctl, OTHER, node('b', note), note);
		await restored.end('SIGTERM');
		rmSync(join(here, 'data'), { recursive: true });
		renameSync(join(elsewhere, 'data'), join(here, 'data'));
		const second = stack.use(await startEtcd(host, { folder: here }));

		await eventually(
			() => textOf(OTHER),
			(text) => text === node('b', 'newest'),
		);
		assert.equal(textOf(KEY), second.ctl('get', '--print-value-only', KEY).slice(0, -1));
		assert.equal(textOf(KEY), node('a', 'kept'));
	});
});
