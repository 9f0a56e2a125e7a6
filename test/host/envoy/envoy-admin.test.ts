// Envoy's admin interface can end it, empty its ports and change what it does: whoever is neither root nor Envoy may read, and no more.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Host } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startDaemon, type TestDaemon } from '../../lab/turnout.ts';
import { unhurried, unprivileged } from '../../support/daemon.ts';
import { createDockerHost, IMAGE, pidIn } from '../../support/docker-host.ts';
import { openEchoConnection } from '../../support/echo.ts';
import { answeringBootstrap, socketAddress } from '../../support/envoy-bootstrap.ts';
import { createEnvoyHost, type EnvoyHost, pidOf } from '../../support/envoy-host.ts';
import { eventually } from '../../support/eventually.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const { remote } = addresses;
const PORT = 9901;

const posts = [
	...['/quitquitquit', '/drain_listeners', '/drain_listeners?graceful&skip_exit', '/drain_listeners?inboundonly'],
	...['/logging?level=trace', '/runtime_modify?turnout=1', '/reset_counters', '/healthcheck/fail', '/reopen_logs'],
	...['/cpuprofiler?enable=y', '/heapprofiler?enable=y', '/stats/recentlookups/enable', '/tap', '/ready', '/stats'],
];
/** Spellings that are /quitquitquit to a server that mends paths. */
const spellings = [
	...['/ready/../quitquitquit', '//quitquitquit', '/./quitquitquit', '/%71uitquitquit', '/ready%2f..%2fquitquitquit'],
	...[
		'/ready?/../quitquitquit',
		'/ready;/../quitquitquit',
		'/ready#/../quitquitquit',
		'/stats/prometheus/../../quitquitquit',
	],
	...[
		'\\quitquitquit',
		'/ready/quitquitquit',
		'quitquitquit',
		'/READY/../quitquitquit',
		'/quitquitquit/',
		'/quitquitquit?',
	],
	...[`http://127.0.0.1:${PORT}/quitquitquit`, 'http://x/ready/../quitquitquit', 'http://x//quitquitquit'],
];
const lines = (...all: readonly string[]): string => [...all, ''].join('\r\n');
const ask = (method: string, path: string, ...headers: readonly string[]): string =>
	lines(`${method} ${path} HTTP/1.1`, 'host: x', ...headers, 'connection: close', '');
const smuggled = ask('POST', '/quitquitquit');

/** What is sent, as it is, by uid 1000 to the port. */
const attacks: readonly (readonly [title: string, text: string])[] = [
	...posts.map((path) => [`POST ${path}`, ask('POST', path, 'content-length: 0')] as const),
	...posts.map(
		(path) => [`chunked POST ${path}`, `${ask('POST', path, 'transfer-encoding: chunked')}0\r\n\r\n`] as const,
	),
	...spellings.flatMap((path) =>
		['POST', 'GET'].map((method) => [`${method} ${path}`, ask(method, path, 'content-length: 0')] as const),
	),
	...['X-HTTP-Method-Override: POST', 'X-HTTP-Method: POST', 'X-Method-Override: POST', ':method: POST'].map(
		(header) => [`GET /quitquitquit, ${header}`, ask('GET', '/quitquitquit', header)] as const,
	),
	...['X-Original-URL', 'X-Rewrite-URL', 'X-Envoy-Original-Path', ':path'].map(
		(header) => [`GET /ready, ${header}: /quitquitquit`, ask('GET', '/ready', `${header}: /quitquitquit`)] as const,
	),
	...['get', 'PoST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT'].map(
		(method) => [`${method} /quitquitquit`, ask(method, '/quitquitquit')] as const,
	),
	['statistics of a name', ask('GET', '/ready', 'x-envoy-upstream-alt-stat-name: of_mine', 'x-envoy-internal: true')],
	['CONNECT to the host', ask('CONNECT', `127.0.0.1:${PORT}`) + smuggled],
	['HTTP/1.0', 'POST /quitquitquit HTTP/1.0\r\n\r\n'],
	['HTTP/2', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${smuggled}`],
	['an upgrade', ask('POST', '/quitquitquit', 'connection: upgrade', 'upgrade: h2c')],
	['a body that is a request', ask('GET', '/ready', `content-length: ${smuggled.length}`) + smuggled],
	['two lengths', `${ask('POST', '/ready', 'content-length: 4', 'transfer-encoding: chunked')}0\r\n\r\n${smuggled}`],
	['a second request', `${lines('GET /ready HTTP/1.1', 'host: x', '')}\r\n${smuggled}`],
	['no HTTP', '\0\u0001\0{}'],
];

/** Each on a connection of its own, and all that comes back within 3 s. */
const sendAll = ({ host }: Host, texts: readonly string[]): string[] =>
	JSON.parse(
		host.run('setpriv', [...unprivileged(1000, 1000), process.execPath, '-e', sender], {
			input: JSON.stringify(texts),
		}),
	);
const sender = `
const texts = JSON.parse(require('fs').readFileSync(0));
const send = (text) => new Promise((resolve) => {
	let answer = '';
	const socket = require('net').connect(${PORT}, '127.0.0.1', () => socket.write(text));
	socket.on('data', (part) => { answer += part }).on('error', () => undefined).on('close', () => resolve(answer));
	setTimeout(() => socket.destroy(), 3_000).unref();
});
Promise.all(texts.map(send)).then((answers) => console.log(JSON.stringify(answers)));
`;
const send = (lab: Host, text: string): string => sendAll(lab, [text])[0] ?? '';

const foldersOf = ({ socket }: TestDaemon): string[] => readdirSync(`${socket}.envoy`);
const socketsOf = (daemon: TestDaemon): string[] =>
	foldersOf(daemon).map((name) => join(`${daemon.socket}.envoy`, name, 'admin'));

/** As root, on the socket. */
const admin = ({ host }: Host, socket: string, method: string, path: string): string =>
	host.run('curl', ['-sS', '-X', method, '--unix-socket', socket, `http://envoy${path}`]);

/** Of what others may not change. */
function stateOf(lab: Host, daemon: TestDaemon) {
	const [socket = ''] = socketsOf(daemon);
	const info = JSON.parse(admin(lab, socket, 'GET', '/server_info'));
	const counted = admin(lab, socket, 'GET', '/stats?filter=of_mine');
	return {
		...{ sockets: socketsOf(daemon), state: info.state, id: daemon.status().envoy.id, counted },
		levels: admin(lab, socket, 'POST', '/logging'),
		runtime: JSON.parse(admin(lab, socket, 'GET', '/runtime')),
		listeners: admin(lab, socket, 'GET', '/listeners'),
	};
}

interface Runtime {
	readonly title: string;
	readonly lab: Host;
	readonly app: EnvoyHost['app'];
	readonly start: () => Promise<TestDaemon>;
	readonly settings: (logLevel: string) => string;
	readonly pid: (daemon: TestDaemon) => number;
}

function testRuntime({ title, lab, app, start, settings, pid }: Runtime): void {
	test(`${title}: other users may read on the port`, async () => {
		await using daemon = await start();
		assert.equal(daemon.status().envoy.state, 'live');
		for (const path of [
			'/ready',
			'/server_info',
			'/stats?filter=cx_total',
			'/stats/prometheus',
			'/listeners?format=json',
		]) {
			assert.match(send(lab, ask('GET', path)), /^HTTP\/1\.1 200 /, path);
			assert.match(send(lab, ask('HEAD', path)), /^HTTP\/1\.1 200 /, path);
		}
		assert.match(send(lab, ask('GET', '/config_dump')), /^HTTP\/1\.1 403 .*This port is for reading: GET \/certs, /s);
		assert.match(send(lab, ask('POST', '/ready')), /^HTTP\/1\.1 405 /);
	});

	test(`${title}: whatever other users send to the port changes nothing`, async () => {
		await using daemon = await start();
		const before = stateOf(lab, daemon);
		const answers = sendAll(
			lab,
			attacks.map(([, text]) => text),
		);
		for (const [at, [what, text]] of attacks.entries()) {
			const [answer = ''] = answers[at]?.split('\r\n') ?? [];
			assert.match(answer, /^(HTTP\/1\.1 (400|403|404|405|426|501) .*|)$|^HTTP\/1\.1 200 /, what);
			if (text.startsWith('POST')) assert.doesNotMatch(answer, / 200 /, what);
		}
		assert.deepEqual(stateOf(lab, daemon), before);
		assert.partialDeepStrictEqual(await app.connect(remote.v4, 443, unhurried), { by: 'remote' });
	});

	test(`${title}: other users do not get at the socket`, async () => {
		await using daemon = await start();
		const [socket = ''] = socketsOf(daemon);
		for (const [uid, gid] of [
			[1000, 1000],
			[1000, 1337],
			[65_534, 65_534],
		] as const) {
			const as = (...words: readonly string[]) =>
				lab.host.tryRun('setpriv', [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...words]);
			const post = as('curl', '-sS', '-X', 'POST', '--unix-socket', socket, 'http://envoy/quitquitquit');
			assert.equal(post.code, 7, post.stderr);
			for (const path of [`${daemon.socket}.envoy`, join(socket, '..')]) {
				assert.match(as('ls', path).stderr, /Permission denied/);
				assert.match(as('mkdir', join(path, 'mine')).stderr, /Permission denied/);
			}
			assert.match(as('mv', socket, '/tmp/mine').stderr, /Permission denied/);
			assert.match(as('ln', socket, '/tmp/mine').stderr, /Permission denied|not permitted/);
		}
		assert.equal(daemon.status().envoy.state, 'live');
	});

	test(`${title}: the daemon replaces and stops it, keeps what is open, and leaves no folder`, async () => {
		await using daemon = await start();
		const former = pid(daemon);
		const [socket] = socketsOf(daemon);
		await using held = await openEchoConnection(lab.host, { address: remote.v4, port: 7, uid: 1000 });
		// One that reads is no connection that is waited for.
		const reader = lab.host.spawn('bash', ['-c', `exec 3<>/dev/tcp/127.0.0.1/${PORT}; exec sleep 600`]);
		const { code, stderr } = daemon.ask('reload');
		assert.equal(code, 0, stderr);
		assert.equal(pid(daemon), former, 'nothing has changed');
		writeFileSync(join(daemon.folder, 'turnout.yaml'), settings('warning'));
		assert.equal(daemon.ask('reload').code, 0);
		assert.notEqual(pid(daemon), former);
		assert.equal(await held.echo('still there'), 'still there');
		await held.close();
		await eventually(
			() => socketsOf(daemon),
			(sockets) => sockets.length === 1 && sockets[0] !== socket,
			30_000,
		);
		assert.equal(await daemon.stop(), 0);
		assert.equal(existsSync(`${daemon.socket}.envoy`), false);
		reader.kill('SIGKILL');
	});
}

describe('an Envoy that is a process', async () => {
	const stack = suiteStack();
	const place = await createEnvoyHost(stack);
	const settings = (logLevel: string): string => JSON.stringify({ envoy: { drainSeconds: 60, logLevel } });
	const start = async (...more: readonly string[]): Promise<TestDaemon> => {
		const { path: folder } = stack.use(createScratch('doors'));
		const file = join(folder, 'turnout.yaml');
		writeFileSync(file, settings('info'));
		return startDaemon(place.lab.host, { folder, args: [...place.args, '--config', file, ...more] });
	};
	testRuntime({ ...place, title: 'as a process', start, settings, pid: pidOf });

	test('an admin interface in the bootstrap of the user is not opened', async () => {
		const { path } = stack.use(createScratch('bootstrap'));
		const bootstrap = join(path, 'envoy.yaml');
		writeFileSync(bootstrap, theirs);
		await using daemon = await start('--envoy-config', bootstrap);
		assert.equal(daemon.status().envoy.state, 'live');
		const open = place.lab.host.run('ss', ['--listening', '--tcp', '--numeric', '--no-header']);
		assert.doesNotMatch(open, /:9999 /);
		assert.match(send(place.lab, ask('GET', '/ready')), /LIVE/);
		const [socket = ''] = socketsOf(daemon);
		assert.equal(statSync(socket).mode & 0o777, 0o666);
		assert.match(admin(place.lab, socket, 'GET', '/clusters'), /^mine::/m);
	});
});

const theirs = answeringBootstrap('theirs', {
	...{ ingress: '0.0.0.0', egress: '0.0.0.0', more: { clusters: [{ name: 'mine', type: 'STATIC' }] } },
	admin: { address: socketAddress('0.0.0.0', 9999), access_log: [] },
});

describe('an Envoy in a container', async () => {
	const stack = suiteStack();
	const place = await createDockerHost(stack);
	const settings = (logLevel: string) =>
		JSON.stringify({
			appPorts: '8080',
			startEnabled: 1,
			envoy: {
				...{ runtime: 'docker', image: IMAGE, pull: 'never', dockerSocket: place.docker.socket },
				...{ drainSeconds: 60, logLevel },
			},
		});
	const start = async (): Promise<TestDaemon> => {
		const { path: folder } = stack.use(createScratch('doors'));
		const file = join(folder, 'turnout.yaml');
		writeFileSync(file, settings('info'));
		return startDaemon(place.lab.host, { folder, args: ['--config', file] });
	};
	const pid = (daemon: TestDaemon): number => pidIn(place, daemon.status().envoy.container);
	testRuntime({ ...place, title: 'in Docker', start, settings, pid });

	test('one that a former version has left, with its admin interface on the port, is replaced', async () => {
		const { path: folder } = stack.use(createScratch('doors'));
		const state = join(folder, 'state');
		const file = join(folder, 'envoy.json');
		const sample = JSON.parse(readFileSync(join(import.meta.dirname, '../../../systemd/envoy.json'), 'utf8'));
		const address = { socket_address: { address: '127.0.0.1', port_value: PORT } };
		const reusePort = { description: 'SO_REUSEPORT', level: 1, name: 15, int_value: 1, state: 'STATE_PREBIND' };
		writeFileSync(file, JSON.stringify({ ...sample, admin: { address } }));
		const identity = { node: { metadata: { turnout: 'former' } }, admin: { socket_options: [reusePort] } };
		const labels = { owner: state, instance: 'former', hash: 'former', adminPort: String(PORT) };
		place.docker.docker([
			...['run', '--detach', '--name', 'turnout-envoy', '--network', 'host', '--user', '1337:1337'],
			...Object.entries(labels).flatMap(([name, value]) => ['--label', `turnout.${name}=${value}`]),
			...['--volume', `${file}:${file}:ro`, IMAGE, '--config-path', file, '--disable-hot-restart'],
			...['--config-yaml', JSON.stringify(identity)],
		]);
		const former = pidIn(place);
		writeFileSync(join(folder, 'turnout.yaml'), settings('info'));
		await using daemon = await startDaemon(place.lab.host, {
			folder,
			args: ['--config', join(folder, 'turnout.yaml')],
		});
		assert.notEqual(pid(daemon), former);
		assert.equal(daemon.status().envoy.state, 'live');
		await eventually(
			() => place.containers(),
			(containers) => containers.length === 1,
			30_000,
		);
		assert.match(send(place.lab, ask('POST', '/quitquitquit')), /^HTTP\/1\.1 403 /);
		assert.partialDeepStrictEqual(await place.app.connect(remote.v4, 443, unhurried), { by: 'remote' });
	});
});
