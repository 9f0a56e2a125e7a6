// A host with a `turnout control` that serves ADS by mutual TLS, and with Envoys that have nothing but a bootstrap.
import type { ChildProcess } from 'node:child_process';
import {
	chmodSync,
	chownSync,
	copyFileSync,
	mkdirSync,
	openSync,
	readFileSync,
	renameSync,
	writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createHttpPeer, type HttpPeer } from '../lab/net/http-peer.ts';
import { createNamespace, type Namespace } from '../lab/net/namespace.ts';
import { createScratch } from '../lab/net/scratch.ts';
import { findEnvoy } from '../lab/services/envoy.ts';
import { turnout } from '../lab/turnout.ts';
import { type Authority, type CertificateFiles, createAuthority } from './certificates.ts';
import { NOBODY, startControl } from './control-program.ts';

export const CONTROL = '10.9.0.1';
const ADS = `${CONTROL}:18000`;
export const DOOR = 'mesh/shop/virtualGateway/door';
export const spiffe = (id: string): string => `spiffe://shop.example/${id}`;

export type Control = Awaited<ReturnType<typeof startControl>>;

export interface FleetHost {
	readonly namespace: Namespace;
	readonly folder: string;
	/** Of Envoys, and of `turnout control`. */
	readonly authority: Authority;
	/** Answers as `v1` on port 9081, and as `v2` on port 9082. */
	readonly app: HttpPeer;
	readonly start: (...more: readonly string[]) => Promise<Control>;
	/** As people do it: all files are written beside, and moved. */
	readonly renewControl: (files: CertificateFiles) => void;
	readonly startEnvoy: (options?: EnvoyOptions) => Promise<RemoteEnvoy>;
}

export interface EnvoyOptions {
	readonly node?: string;
	readonly certificate?: CertificateFiles;
}

export interface RemoteEnvoy extends Disposable {
	readonly child: ChildProcess;
	readonly folder: string;
	readonly log: () => string;
	/** Of its admin interface; '' while it does not answer. */
	readonly admin: (path: string) => string;
	readonly renew: (files: CertificateFiles) => void;
}

export async function createFleetHost(stack: AsyncDisposableStack): Promise<FleetHost> {
	const namespace = stack.use(createNamespace('fleet'));
	namespace.run('ip', ['link', 'set', 'lo', 'up']);
	namespace.run('ip', ['addr', 'add', `${CONTROL}/32`, 'dev', 'lo']);
	const { path: folder } = stack.use(createScratch('fleet'));
	chmodSync(folder, 0o755);
	const own = join(folder, 'control');
	mkdirSync(own);
	chownSync(own, NOBODY, NOBODY);
	const authority = createAuthority(folder, 'authority');
	const files = { certificate: join(own, 'control.pem'), privateKey: join(own, 'control.key') };
	const renewControl = (given: CertificateFiles) => {
		move(given.privateKey, files.privateKey, NOBODY);
		move(given.certificateChain, files.certificate, NOBODY);
	};
	renewControl(authority.issue('control', ['control.example', CONTROL]));
	const app = stack.use(createHttpPeer(namespace));
	await app.serve({ name: 'v1', address: '127.0.0.1', port: 9081 });
	await app.serve({ name: 'v2', address: '127.0.0.1', port: 9082 });
	const ads = ['--ads', ADS, '--certificate', files.certificate, '--private-key', files.privateKey];
	let envoys = 0;
	return {
		...{ namespace, folder, authority, app, renewControl },
		start: (...more) => startControl(namespace, own, ...ads, ...['--client-ca', authority.path], ...more),
		startEnvoy({ node = DOOR, certificate = authority.issue('envoy', [spiffe(node)]) } = {}) {
			envoys += 1;
			return startEnvoy(
				namespace,
				{ at: join(folder, `envoy-${envoys}`), adminPort: 9900 + envoys, node, authority },
				certificate,
			);
		},
	};
}

/** Puts a copy in a file's place as a whole. */
function move(from: string, to: string, owner: number): void {
	copyFileSync(from, `${to}~`);
	chmodSync(`${to}~`, 0o600);
	chownSync(`${to}~`, owner, owner);
	renameSync(`${to}~`, to);
}

interface Placed {
	readonly at: string;
	readonly adminPort: number;
	readonly node: string;
	readonly authority: Authority;
}

async function startEnvoy(
	namespace: Namespace,
	{ at, adminPort, node, authority }: Placed,
	files: CertificateFiles,
): Promise<RemoteEnvoy> {
	mkdirSync(at);
	const path = (name: string) => join(at, name);
	const renew = (given: CertificateFiles) => {
		move(given.privateKey, path('key.pem'), 0);
		move(given.certificateChain, path('certificate.pem'), 0);
	};
	renew(files);
	const names = ['--certificate', path('certificate.pem'), '--private-key', path('key.pem'), '--ca', authority.path];
	for (const form of ['bootstrap', 'certificate', 'authority']) {
		const { code, stdout, stderr } = turnout(namespace, [
			'mesh',
			'render',
			'--as',
			form,
			'--ads',
			ADS,
			'--node',
			node,
			...names,
		]);
		if (code !== 0) throw new Error(stderr);
		writeFileSync(path(`${form}.json`), stdout);
	}
	const admin = JSON.stringify({
		admin: { address: { socketAddress: { address: '127.0.0.1', portValue: adminPort } } },
	});
	const log = openSync(path('log'), 'a');
	const words = ['-c', path('bootstrap.json'), '--config-yaml', admin, '--disable-hot-restart', '--concurrency', '1'];
	const child = namespace.spawn(await findEnvoy(), [...words, '--log-level', 'info'], { stdio: ['ignore', log, log] });
	const asks = (asked: string) =>
		`fetch('http://127.0.0.1:${adminPort}${asked}').then((r) => r.text()).then(console.log)`;
	return {
		...{ child, folder: at, renew },
		log: () => readFileSync(path('log'), 'utf8'),
		admin: (asked) => namespace.tryRun(process.execPath, ['-e', asks(asked)]).stdout,
		[Symbol.dispose]: () => void child.kill('SIGKILL'),
	};
}

/** A gateway, whose requests go to `v1` and `v2` by weight: each resource with the path by which the API makes it. */
function shop(
	weights: readonly [number, number],
): readonly (readonly [path: string, resource: object, parent?: object])[] {
	const node = (port: number) => ({
		listeners: [{ portMapping: { port, protocol: 'http' } }],
		serviceDiscovery: { dns: { hostname: '127.0.0.1' } },
	});
	const target = { virtualService: { virtualServiceName: 'pages.shop' } };
	const toPages = { httpRoute: { match: { prefix: '/' }, action: { target } } };
	const router = { virtualRouterName: 'pages' };
	const gateway = { virtualGatewayName: 'door' };
	return [
		['', {}],
		['/virtualNodes', { virtualNodeName: 'v1', spec: node(9081) }],
		['/virtualNodes', { virtualNodeName: 'v2', spec: node(9082) }],
		['/virtualRouters', { ...router, spec: { listeners: [{ portMapping: { port: 80, protocol: 'http' } }] } }],
		['/virtualRouter/pages/routes', { routeName: 'all', spec: routeOf(weights) }, router],
		['/virtualServices', { virtualServiceName: 'pages.shop', spec: { provider: { virtualRouter: router } } }],
		['/virtualGateways', { ...gateway, spec: doorOf() }],
		['/virtualGateway/door/gatewayRoutes', { gatewayRouteName: 'all', spec: toPages }, gateway],
	];
}

/** As files have them. */
export const shopOf = (weights: readonly [number, number]): object[] =>
	shop(weights).map(([, resource, parent = {}]) => ({ meshName: 'shop', ...parent, spec: {}, ...resource }));

export async function createShop(control: Pick<Control, 'ask'>): Promise<void> {
	for (const [path, resource] of shop([100, 0])) {
		const [at, body] = path === '' ? ['/meshes', { meshName: 'shop' }] : [`/meshes/shop${path}`, resource];
		const { message } = await control.ask('PUT', at, body);
		if (message !== undefined) throw new Error(`${at}: ${message}`);
	}
}

/** `tls`: of its listener. */
export const doorOf = (tls?: object): object => ({
	listeners: [{ portMapping: { port: 8088, protocol: 'http' }, ...(tls === undefined ? {} : { tls }) }],
});

export const routeOf = ([v1, v2]: readonly [number, number]): object => ({
	httpRoute: {
		match: { prefix: '/' },
		action: {
			weightedTargets: [
				{ virtualNode: 'v1', weight: v1 },
				{ virtualNode: 'v2', weight: v2 },
			],
		},
	},
});
