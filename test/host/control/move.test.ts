// turnout mesh import and export against `turnout control`, as they were built; its history.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readDefinitions } from '../../../src/host/files/definitions.ts';
import { canonicalYaml } from '../../../src/mesh/canonical.ts';
import { importFiles } from '../../../src/mesh/import-files.ts';
import { createNamespace } from '../../lab/net/namespace.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { askSocket } from '../../lab/net/socket.ts';
import { turnout, turnoutProgram } from '../../lab/turnout.ts';
import { createAuthority } from '../../support/certificates.ts';
import { NOBODY, startControl } from '../../support/control-program.ts';
import { everyField } from '../../support/every-field.ts';
import { guideResources } from '../../support/guide-mesh.ts';
import { imported } from '../../support/imported-resources.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { openTerminal } from '../../support/terminal.ts';

const ENDPOINT = 'http://127.0.0.1:8474';
const LISTEN = ['--listen', '127.0.0.1:8474'] as const;

/** Passes requests on to the control plane, every third of them only after it was refused as one too many. */
const busyProxy = (secure: string) => `
const { request, createServer } = require('node:http');
const { readFileSync } = require('node:fs');
const tls = ${secure};
let count = 0;
const server = (tls ? require('node:https').createServer(tls, handle) : createServer(handle)).listen(9000, '127.0.0.1', () => console.log('ready'));
function handle(from, to) {
	count += 1;
	if (count % 3 === 0) {
		from.resume();
		const status = count % 2 === 0 ? 429 : 503;
		return to.writeHead(status, { 'x-amzn-errortype': 'TooManyRequestsException' }).end('{"message":"later"}');
	}
	from.pipe(request({ host: '127.0.0.1', port: 8474, method: from.method, path: from.url, headers: from.headers }, (reply) => {
		to.writeHead(reply.statusCode, reply.headers);
		reply.pipe(to);
	}));
}`;

describe('meshes moved to a control plane, and from it', () => {
	const stack = suiteStack();
	const host = stack.use(createNamespace('move'));
	host.run('ip', ['link', 'set', 'lo', 'up']);
	const scratch = stack.use(createScratch('move'));
	chmodSync(scratch.path, 0o755);
	const settings = join(scratch.path, 'settings.yaml');
	writeFileSync(settings, '');
	const folderOf = (name: string): string => {
		const path = join(scratch.path, name);
		mkdirSync(path);
		chownSync(path, NOBODY, NOBODY);
		return path;
	};
	const write = (name: string, content: object): string => {
		writeFileSync(join(scratch.path, name), JSON.stringify(content, null, 1));
		return join(scratch.path, name);
	};
	const run = (words: readonly string[], env: Readonly<Record<string, string>> = {}) =>
		turnout(host, ['mesh', ...words, '--config', settings], { env });
	const moveTo = (file: string, env?: Readonly<Record<string, string>>, ...more: readonly string[]) =>
		run(['import', file, '--to', ENDPOINT, '--confirm', ...more], env);
	const definedIn = (path: string): string => canonicalYaml(importFiles(readDefinitions([path]), new Map()).resources);
	const changesIn = (folder: string): number =>
		readFileSync(join(folder, 'history.jsonl'), 'utf8').match(/\n/g)?.length ?? 0;
	const guide = write('guide.json', guideResources());
	const every = write('every.json', everyField());

	test('every field arrives, is exported as it came, and is not sent again', async () => {
		const folder = folderOf('every');
		await using _control = await startControl(host, folder, ...LISTEN);
		const first = moveTo(every);
		assert.equal(first.code, 0, first.stdout + first.stderr);
		const wanted = canonicalYaml(imported(everyField()));
		assert.equal(definedIn(join(folder, 'mesh')), wanted);
		assert.equal(run(['export', '--from', ENDPOINT]).stdout, wanted);
		const again = run(['import', every, '--to', ENDPOINT]);
		assert.equal(again.code, 0, again.stdout);
		assert.match(again.stdout, /0 to create, 0 to update, \d+ unchanged, 0 left\nNothing to change/);
		assert.equal(changesIn(folder), everyField().length);
	});

	test('it is signed with the keys that AWS has its tools take from the environment; by whom it was is in the history', async () => {
		const folder = folderOf('signed');
		const keys = join(folder, 'keys.json');
		const policies = {
			Admin: { Statement: { Effect: 'Allow', Action: 'appmesh:*', Resource: '*' } },
			Reader: { Statement: { Effect: 'Allow', Action: ['appmesh:List*', 'appmesh:Describe*'], Resource: '*' } },
		};
		writeFileSync(keys, JSON.stringify({ keys: [], policies }), { mode: 0o600 });
		chownSync(keys, NOBODY, NOBODY);
		const add = (user: string, policy: string) => {
			const args = ['control', 'keys', 'add', user, '--policies', policy, '--keys', keys, '--json'];
			const { accessKeyId, secretAccessKey } = JSON.parse(turnout(host, args).stdout);
			return { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: 'eu-west-1' };
		};
		const [alice, bob] = [add('alice', 'Admin'), add('bob', 'Reader')];
		await using _control = await startControl(host, folder, ...LISTEN, '--keys', keys, '--region', 'eu-west-1');
		for (const env of [
			{},
			{ ...alice, AWS_REGION: 'us-east-1' },
			{ ...alice, AWS_SECRET_ACCESS_KEY: 'x'.repeat(40) },
		]) {
			const { code, stderr } = moveTo(guide, env);
			assert.equal(code, 1);
			assert.match(
				stderr,
				/^turnout: ForbiddenException: .*\nGive AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of a key that may/,
			);
		}
		const denied = moveTo(guide, bob);
		assert.equal(denied.code, 1);
		assert.match(denied.stdout, /guide\.json:\d+: mesh\/simpleapp: ForbiddenException: .*bob.*appmesh:CreateMesh/);
		assert.match(denied.stdout, /Done: 0 created, 0 updated, 0 unchanged, 0 left, 7 refused/);
		const made = moveTo(guide, alice);
		assert.equal(made.code, 0, made.stdout + made.stderr);
		moveTo(write('moved.json', guideResources([50, 50])), alice);
		const history = (...more: readonly string[]) =>
			turnout(host, ['control', 'history', '--history', join(folder, 'history.jsonl'), ...more]);
		const [newest = '', ...lines] = history('--limit', '1').stdout.split('\n');
		assert.match(
			newest,
			/^20\d\d-.*Z {2}alice {2}UpdateRoute {2}arn:aws:appmesh:eu-west-1:000000000000:mesh\/simpleapp\/virtualRouter\/serviceB\/route\/serviceB-route {2}version 2$/,
		);
		assert.deepEqual(lines, [
			'  ~ spec.httpRoute.action.weightedTargets[0].weight 90 → 50',
			'  ~ spec.httpRoute.action.weightedTargets[1].weight 10 → 50',
			'',
		]);
		assert.equal(JSON.parse(history('--by', 'alice', '--json').stdout).events.length, 8);
		assert.match(history('--by', 'bob').stdout, /history\.jsonl has no such change\n$/);
		const node = 'arn:aws:appmesh:eu-west-1:000000000000:mesh/simpleapp/virtualNode/serviceA';
		assert.match(
			history('--resource', node).stdout,
			/^\S+ {2}alice {2}CreateVirtualNode .*version 1\n {2}\+ spec\.backends /,
		);
	});

	test('what is refused is told with its place, the rest is made, and the next time only what was left is sent', async () => {
		const folder = folderOf('limits');
		{
			await using _control = await startControl(host, folder, ...LISTEN, '--limits', 'virtualNodes=2');
			const { code, stdout } = moveTo(guide);
			assert.equal(code, 1);
			assert.match(
				stdout,
				/guide\.json:\d+: mesh\/simpleapp\/virtualNode\/serviceBv2: LimitExceededException: the mesh has 2 of virtualNode/,
			);
			assert.match(
				stdout,
				/guide\.json:\d+: .*\/route\/serviceB-route: NotFoundException: .*no virtualNode is called "serviceBv2"/,
			);
			assert.match(stdout, /Done: 5 created, 0 updated, 0 unchanged, 0 left, 2 refused\n$/);
		}
		await using _control = await startControl(host, folder, ...LISTEN);
		const { code, stdout } = moveTo(guide);
		assert.equal(code, 0, stdout);
		assert.match(stdout, /2 to create, 0 to update, 5 unchanged/);
		assert.equal(changesIn(folder), 7);
	});

	test('a change of protocol from end to end, and the end of all, are carried out in the order that is needed', async () => {
		const folder = folderOf('order');
		await using _control = await startControl(host, folder, ...LISTEN);
		assert.equal(moveTo(every).code, 0);
		assert.equal(moveTo(guide).code, 0);
		const http2 = JSON.stringify(guideResources())
			.replaceAll('"http"', '"http2"')
			.replaceAll('"httpRoute"', '"http2Route"');
		const changed = moveTo(write('http2.json', JSON.parse(http2)));
		assert.equal(changed.code, 0, changed.stdout);
		assert.match(changed.stdout, /Done: 0 created, 5 updated, 2 unchanged, 0 left/);
		for (const meshName of ['simpleapp', 'every']) {
			const { code, stdout } = moveTo(write('mesh.json', { meshName, spec: {} }), {}, '--prune');
			assert.equal(code, 0, stdout);
			assert.match(stdout, /Done: 0 created, [01] updated, \d+ deleted, [01] unchanged/);
		}
		assert.equal(run(['export', '--from', ENDPOINT]).stdout.match(/meshName/g)?.length, 2);
	});

	test('what root imports into the folder of a service the service can change', async () => {
		const folder = folderOf('owner');
		mkdirSync(join(folder, 'mesh'));
		chownSync(join(folder, 'mesh'), NOBODY, NOBODY);
		assert.equal(run(['import', guide, '--to', join(folder, 'mesh'), '--confirm']).code, 0);
		await using control = await startControl(host, folder);
		const { metadata } = await control.ask('PUT', '/meshes/simpleapp', {
			spec: { egressFilter: { type: 'ALLOW_ALL' } },
		});
		assert.equal(metadata.version, 2);
		const node = { virtualNodeName: 'more', spec: {} };
		assert.equal((await control.ask('PUT', '/meshes/simpleapp/virtualNodes', node)).metadata?.version, 1);
	});

	test('a server that is busy is asked again, over TLS of an authority that is named as well', async () => {
		const folder = folderOf('busy');
		await using _control = await startControl(host, folder, ...LISTEN);
		const authority = createAuthority(scratch.path, 'authority');
		const { certificateChain, privateKey } = authority.issue('proxy', ['localhost']);
		const secure = `{ cert: readFileSync(${JSON.stringify(certificateChain)}), key: readFileSync(${JSON.stringify(privateKey)}) }`;
		const proxy = host.spawn(process.execPath, ['--eval', busyProxy(secure)]);
		stack.defer(() => void proxy.kill());
		if (proxy.stdout) await once(proxy.stdout, 'data');
		const words = ['import', guide, '--to', 'https://localhost:9000', '--confirm'];
		const unknown = run(words);
		assert.equal(unknown.code, 1);
		assert.match(unknown.stderr, /Cannot reach "https:\/\/localhost:9000": .*certificate.*\n.*AWS_CA_BUNDLE/i);
		const { code, stdout, stderr } = run(words, { AWS_CA_BUNDLE: authority.path });
		assert.equal(code, 0, stdout + stderr);
		assert.equal(definedIn(join(folder, 'mesh')), canonicalYaml(imported(guideResources())));
	});

	test('a control plane that is killed under way is waited for, and what was made is not made again', async () => {
		const folder = folderOf('killed');
		const many = write('many.json', [
			{ meshName: 'm', spec: {} },
			...Array.from({ length: 150 }, (_, at) => ({ meshName: 'm', virtualNodeName: `n${at}`, spec: {} })),
		]);
		const words = ['mesh', 'import', many, '--to', ENDPOINT, '--confirm', '--config', settings];
		const first = await startControl(host, folder, ...LISTEN);
		const importing = host.spawn(turnoutProgram, words);
		const ended = once(importing, 'close');
		while (changesIn(folder) < 20) await sleep(5);
		await first.stop('SIGKILL');
		const atKill = changesIn(folder);
		assert.ok(atKill < 151, `${atKill} were made by then`);
		await using _second = await startControl(host, folder, ...LISTEN);
		await ended;
		// The change of that moment may have been made, and its answer lost.
		assert.ok(changesIn(folder) >= 150 && changesIn(folder) <= 151, `${changesIn(folder)}`);
		assert.match(moveTo(many).stdout, /151 unchanged, 0 left\nNothing to change\n$/);
	});

	test('what is imported into a folder while it is served is there at once, as if it was saved by hand', async () => {
		const folder = folderOf('beside');
		await using control = await startControl(host, folder, ...LISTEN);
		const { code } = host.tryRun(turnoutProgram, [
			'mesh',
			'import',
			guide,
			'--to',
			join(folder, 'mesh'),
			'--confirm',
			'--config',
			settings,
		]);
		assert.equal(code, 0);
		const { stdout } = run(['export', '--from', ENDPOINT]);
		assert.equal(stdout, canonicalYaml(imported(guideResources())));
		assert.doesNotMatch(control.log(), /"resource changed"/);
	});

	test('somebody at a terminal is asked; whatever is not yes changes nothing', async () => {
		const folder = folderOf('terminal');
		await using _control = await startControl(host, folder, ...LISTEN);
		for (const [answer, code] of [
			['\r', 2],
			// Ctrl-C, Ctrl-D.
			['\u0003', 2],
			['\u0004', 2],
			['yes\r', 0],
		] as const) {
			using terminal = openTerminal(
				host,
				`${turnoutProgram} mesh import ${guide} --to ${ENDPOINT} --config ${settings}`,
			);
			await terminal.shows(/7 to create/);
			await terminal.shows(/Change http:\/\/127\.0\.0\.1:8474\? \[y\/N\] /);
			terminal.type(answer);
			assert.equal(await terminal.ended, code, terminal.screen());
			assert.match(terminal.screen(), code === 0 ? /Done: 7 created/ : /\nNothing is changed; --confirm/);
		}
		assert.equal(definedIn(join(folder, 'mesh')), canonicalYaml(imported(guideResources())));
	});

	test('an address where nothing answers, or something else, is told', async () => {
		const nothing = moveTo(guide);
		assert.equal(nothing.code, 1);
		assert.match(
			nothing.stderr,
			/Cannot reach "http:\/\/127\.0\.0\.1:8474": .*ECONNREFUSED.*\nSee whether turnout control runs there/,
		);
		const page =
			"require('node:http').createServer((_, to) => to.end('<html>')).listen(8474, '127.0.0.1', () => console.log('ready'))";
		const other = host.spawn(process.execPath, ['--eval', page]);
		if (other.stdout) await once(other.stdout, 'data');
		const { code, stderr } = moveTo(guide);
		other.kill();
		assert.equal(code, 1);
		assert.match(stderr, /Cannot use http:\/\/127\.0\.0\.1:8474: it answers with 200, and not as App Mesh's API does/);
	});

	test('a disk that is full under the history holds up changes until there is room, and no record is lost', async () => {
		const folder = folderOf('full');
		const [small, socket] = [join(folder, 'small'), join(folder, 'socket')];
		mkdirSync(small);
		const user = `setpriv --reuid ${NOBODY} --regid ${NOBODY} --clear-groups`;
		const args = `control --definitions ${folder}/mesh --listen ${socket} --history ${small}/history.jsonl`;
		const control = host.spawn('unshare', [
			...['--mount', 'sh', '-c'],
			`mount -t tmpfs -o size=32k,uid=${NOBODY},gid=${NOBODY} tmpfs ${small} && exec ${user} ${turnoutProgram} ${args}`,
		]);
		stack.defer(() => void control.kill());
		let log = '';
		control.stderr?.on('data', (part) => {
			log += part;
		});
		while (!log.includes('"event":"serving"')) await once(control.stderr ?? assert.fail(), 'data');
		const ask = async (method: string, path: string, body: object = {}) => {
			const reply = await askSocket(socket, method, `/v20190125${path}`, JSON.stringify(body), { host: 'localhost' });
			return { status: reply.status, body: JSON.parse(reply.text) };
		};
		const update = () => ask('PUT', '/meshes/m', { spec: { egressFilter: { type: 'ALLOW_ALL' } } });
		await ask('PUT', '/meshes', { meshName: 'm' });
		let [answer, updates] = [await update(), 1];
		for (; answer.status === 200 && updates < 500; updates += 1) answer = await update();
		assert.equal(answer.status, 503);
		assert.match(
			answer.body.message,
			/^it was changed, and that cannot be recorded, .*: Cannot write the history .*: its disk is full/,
		);
		assert.match(log, /"level":"error","event":"a change is not recorded","operation":"UpdateMesh"/);
		const { metadata } = (await ask('GET', '/meshes/m')).body;
		assert.equal((await update()).status, 503);
		assert.equal((await ask('GET', '/meshes/m')).body.metadata.version, metadata.version);
		const inside = (file: string, ...words: string[]) =>
			host.run('nsenter', ['--mount', '--target', String(control.pid), file, ...words]);
		inside('mount', '-o', 'remount,size=1m', small);
		assert.equal((await update()).body.metadata.version, metadata.version + 1);
		const lines = inside('cat', join(small, 'history.jsonl')).trimEnd().split('\n');
		const versions = lines.map((line) => JSON.parse(line).version);
		assert.deepEqual(
			versions,
			Array.from({ length: metadata.version + 1 }, (_, at) => at + 1),
		);
	});
});
