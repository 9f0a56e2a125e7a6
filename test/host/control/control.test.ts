// `turnout control` as it was built, on a host, as a user who may do nothing else.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readDefinitions } from '../../../src/host/files/definitions.ts';
import { createHistoryFile } from '../../../src/host/files/history-file.ts';
import { loadMesh } from '../../../src/mesh/load-mesh.ts';
import { createNamespace } from '../../lab/net/namespace.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { askSocket } from '../../lab/net/socket.ts';
import { turnout } from '../../lab/turnout.ts';
import { apiResources } from '../../support/api-resources.ts';
import { NOBODY, startControl } from '../../support/control-program.ts';
import { eventually } from '../../support/eventually.ts';
import { signedCall } from '../../support/signed-call.ts';
import { suiteStack } from '../../support/suite-stack.ts';

describe('the control plane on a host', () => {
	const stack = suiteStack();
	const host = stack.use(createNamespace('control'));
	host.run('ip', ['link', 'set', 'lo', 'up']);
	const folderOf = (name: string): string => {
		const { path } = stack.use(createScratch(name));
		chownSync(path, NOBODY, NOBODY);
		return path;
	};

	test('without root and without any capability it makes what hosts read, and goes when it is told to', async () => {
		const folder = folderOf('control');
		await using control = await startControl(host, folder);
		const status = readFileSync(`/proc/${control.child.pid}/status`, 'utf8');
		assert.match(status, /^Uid:\t65534\t65534/m);
		assert.match(status, /^CapEff:\t0+$/m);
		for (const { kind, collection, name, spec } of apiResources) {
			const { metadata, message } = await control.ask('PUT', collection, { [`${kind}Name`]: name, spec });
			assert.equal(metadata?.version, 1, message);
		}
		const { catalogs, errors } = loadMesh(readDefinitions([join(folder, 'mesh')]));
		assert.deepEqual(errors, []);
		assert.equal(catalogs[0]?.gatewayRoutesOf('g').length, 1);
		assert.match(
			control.log(),
			/"event":"resource changed","operation":"CreateMesh","resource":"arn:aws:appmesh:local:000000000000:mesh\/m"/,
		);
		assert.equal(await control.stop('SIGTERM'), 0);
		assert.ok(!readdirSync(folder).includes('socket'));
	});

	test('on a full disk it says so and what to do, leaves what is there, and goes on once there is room', async () => {
		const folder = folderOf('full');
		const definitions = join(folder, 'mesh');
		mkdirSync(definitions);
		const mounted = `mount -t tmpfs -o size=32k,uid=${NOBODY},gid=${NOBODY} tmpfs ${definitions} && exec setpriv --reuid ${NOBODY} --regid ${NOBODY} --clear-groups "$@"`;
		const spawn: typeof host.spawn = (file, args) =>
			host.spawn('unshare', ['--mount', 'sh', '-c', mounted, 'sh', file, ...args]);
		await using control = await startControl({ spawn }, folder);
		const inside = (script: string) =>
			host.run('nsenter', ['--mount', '--target', String(control.child.pid), 'sh', '-c', script]);
		const update = () => control.ask('PUT', '/meshes/m', { spec: { egressFilter: { type: 'ALLOW_ALL' } } });
		await control.ask('PUT', '/meshes', { meshName: 'm' });
		inside(`head -c 64k /dev/zero >${definitions}/.fill || true`);
		const { message } = await update();
		assert.match(message, /^Cannot change the definitions .*m\/mesh\.yaml: its disk is full; Free some space there$/);
		assert.deepEqual((await control.ask('GET', '/meshes/m')).spec, {});
		assert.equal(inside(`ls ${definitions}/m`).trim(), 'mesh.yaml');
		inside(`rm ${definitions}/.fill`);
		assert.equal((await update()).metadata.version, 2);
	});

	test('what somebody saves by hand it answers with, and changes where it stands', async () => {
		const folder = folderOf('by-hand');
		mkdirSync(join(folder, 'mesh'));
		chownSync(join(folder, 'mesh'), NOBODY, NOBODY);
		await using control = await startControl(host, folder);
		writeFileSync(join(folder, 'mesh/mine.json'), JSON.stringify({ meshName: 'hand', spec: {} }));
		assert.equal((await control.ask('GET', '/meshes/hand')).meshName, 'hand');
		writeFileSync(join(folder, 'mesh/half.yaml'), 'meshName: half\nspec: {');
		while (!control.log().includes('"event":"a definition cannot be read"')) await sleep(5);
		assert.match(control.log(), /mesh\/half\.yaml:2: invalid YAML/);
		assert.equal(
			(await control.ask('PUT', '/meshes/hand', { spec: { egressFilter: { type: 'ALLOW_ALL' } } })).metadata.version,
			2,
		);
		assert.equal(JSON.parse(readFileSync(join(folder, 'mesh/mine.json'), 'utf8')).spec.egressFilter.type, 'ALLOW_ALL');
	});

	test('of 20 clients that change one resource each gets a version of its own, and none is left out', async () => {
		await using control = await startControl(host, folderOf('clients'));
		await control.ask('PUT', '/meshes', { meshName: 'm' });
		const client = async (): Promise<number[]> => {
			const versions: number[] = [];
			for (let at = 0; at < 5; at += 1) versions.push((await control.ask('PUT', '/meshes/m', {})).metadata.version);
			return versions;
		};
		const versions = (await Promise.all(Array.from({ length: 20 }, client))).flat();
		assert.deepEqual(
			versions.toSorted((a, b) => a - b),
			Array.from({ length: 100 }, (_, at) => at + 2),
		);
		assert.equal((await control.ask('GET', '/meshes/m')).metadata.version, 101);
	});

	test('killed at any moment it leaves definitions that are whole, and its successor has all that it has acknowledged', async () => {
		const folder = folderOf('killed');
		const rounds = process.env['TEST_FULL'] === undefined ? 5 : 50;
		let acknowledged = 0;
		for (let round = 0; round < rounds; round += 1) {
			await using control = await startControl(host, folder);
			if (round === 0) await control.ask('PUT', '/meshes', { meshName: 'm' });
			const { metadata } = await control.ask('GET', '/meshes/m');
			assert.ok(metadata.version >= acknowledged, `${metadata.version} after ${acknowledged}`);
			const changing = (async () => {
				for (let at = 0; ; at += 1) {
					const type = at % 2 === 0 ? 'ALLOW_ALL' : 'DROP_ALL';
					acknowledged = (await control.ask('PUT', '/meshes/m', { spec: { egressFilter: { type } } })).metadata.version;
				}
			})().catch(() => undefined);
			while (acknowledged <= metadata.version) await sleep(1);
			await sleep((round * 7) % 30);
			await control.stop('SIGKILL');
			await changing;
			const history = createHistoryFile(join(folder, 'history.jsonl'), { onUnreadable: () => undefined });
			const recorded = (await history.latest(10_000)).map(({ version }) => version);
			assert.ok(recorded.includes(acknowledged), `${acknowledged} is not among ${recorded.slice(0, 5)}`);
			assert.deepEqual(loadMesh(readDefinitions([join(folder, 'mesh')])).errors, []);
		}
	});

	for (const [what, args, code, says] of [
		[
			'an address that others reach',
			['--listen', '0.0.0.0:8474'],
			64,
			/--listen: without --keys anybody who reaches 0\.0\.0\.0/,
		],
		['an account that is none', ['--account', '12'], 64, /--account takes the twelve digits/],
		['a region that is none', ['--region', 'EU/1'], 64, /--region takes letters/],
		['a limit that there is not', ['--limits', 'nodes=1'], 64, /--limits: no limit is called "nodes"/],
		[
			'a folder that is none',
			['--definitions', '/dev/null'],
			1,
			/Cannot change the definitions \/dev\/null: it is not a folder/,
		],
		['a port that is taken', ['--listen', '127.0.0.1:9'], 1, /Cannot listen on http:\/\/127\.0\.0\.1:9: it is in use/],
	] as const)
		test(`it does not start with ${what}`, async () => {
			const taken = "require('node:net').createServer().listen(9, '127.0.0.1', () => console.log('ready'))";
			const other = what.includes('port') ? host.spawn(process.execPath, ['--eval', taken]) : undefined;
			if (other?.stdout) await once(other.stdout, 'data');
			const outcome = turnout(host, [
				'control',
				...(args[0] === '--definitions' ? [] : ['--definitions', folderOf('refused')]),
				...['--history', join(folderOf('history'), 'history.jsonl'), ...args],
			]);
			other?.kill();
			assert.equal(outcome.code, code, outcome.stderr);
			assert.match(outcome.stderr, says);
		});

	test('a second one for the same folder does not start, and a killed one keeps nobody away', async () => {
		const folder = folderOf('twice');
		await using first = await startControl(host, folder);
		await using second = await startControl(host, folder, '--listen', '127.0.0.1:8475');
		assert.match(second.log(), /turnout: Cannot serve the definitions .*mesh: another turnout control does/);
		await first.stop('SIGKILL');
		await using third = await startControl(host, folder);
		assert.deepEqual(await third.ask('GET', '/meshes'), { meshes: [] });
		assert.equal(await third.stop('SIGTERM'), 0);
		assert.deepEqual(readdirSync(join(folder, 'mesh')), []);
	});

	test('keys that root adds and removes the service takes and forgets, though it is another user', async () => {
		const { path } = stack.use(createScratch('keys'));
		const [keys, folder] = [join(path, 'keys.json'), folderOf('with-keys')];
		chmodSync(path, 0o755);
		const policies = { Admin: { Statement: { Effect: 'Allow', Action: 'appmesh:*', Resource: '*' } } };
		writeFileSync(keys, JSON.stringify({ keys: [], policies }), { mode: 0o600 });
		chownSync(keys, NOBODY, NOBODY);
		await using control = await startControl(host, folder, '--keys', keys);
		const edit = (...words: string[]) => turnout(host, ['control', 'keys', ...words, '--keys', keys]);
		const key = JSON.parse(edit('add', 'alice', '--policies', 'Admin', '--json').stdout);
		const status = async () => {
			const call = { method: 'GET', path: '/v20190125/meshes' };
			const { target, rawHeaders } = await signedCall(key, call, { region: 'local', atMs: Date.now() });
			const pairs = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? '']] : []));
			return (await askSocket(join(folder, 'socket'), 'GET', target, '', Object.fromEntries(pairs))).status;
		};
		assert.equal(await status(), 200, control.log());
		assert.equal(edit('remove', key.accessKeyId).code, 0);
		assert.equal(await status(), 403);
		edit('add', 'bob');
		chownSync(keys, 0, 0);
		assert.equal(await status(), 403);
		const gone = /"event":"access keys are gone, and nobody is let in","why":"Cannot read .*permission denied"/;
		await eventually(control.log, (log) => gone.test(log));
	});

	test('a socket that a killed one has left is taken over, and one that answers is not', async () => {
		const folder = folderOf('socket');
		await using first = await startControl(host, folder);
		await using second = await startControl(host, folder);
		assert.match(second.log(), /turnout: Cannot listen on .*socket: another program answers there/);
		await first.stop('SIGKILL');
		await using third = await startControl(host, folder);
		assert.deepEqual(await third.ask('GET', '/meshes'), { meshes: [] });
	});
});
