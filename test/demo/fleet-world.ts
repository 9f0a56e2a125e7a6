// What the fleet's demo has before there is a mesh: hosts on one network, three etcds, two controls over them, keys.
import { chmodSync, chownSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMeshHosts, type MeshHost } from '../lab/net/mesh-hosts.ts';
import type { Namespace } from '../lab/net/namespace.ts';
import { type Etcd, peerUrl, startEtcd } from '../lab/services/etcd.ts';
import { type Authority, createAuthority } from '../support/certificates.ts';
import { NOBODY, startControl } from '../support/control-program.ts';
import { unprivileged } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { command, lastLines } from './daemon.ts';

/** Both controls have this name. */
const CONTROL = 'control.simpleapp.local';
export const ADS = `${CONTROL}:18000`;
const etcdNames = ['etcd-1', 'etcd-2', 'etcd-3'] as const;
const controlNames = ['control-1', 'control-2'] as const;

/** Of each host: the names that it is found by. */
const names = {
	'service-a': ['servicea.simpleapp.local'],
	'service-b-v1': ['servicebv1.simpleapp.local', 'serviceb.simpleapp.local'],
	'service-b-v2': ['servicebv2.simpleapp.local'],
	...{ gateway: [], operator: [] },
	...Object.fromEntries(controlNames.map((name) => [name, [CONTROL]])),
	...Object.fromEntries(etcdNames.map((name) => [name, []])),
};

export interface FleetEtcd {
	readonly name: string;
	readonly etcd: Etcd;
}

export interface FleetControl {
	readonly name: string;
	readonly address: string;
	readonly url: string;
	readonly kill: () => Promise<unknown>;
}

export interface AccessKey {
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
}

export interface FleetWorld {
	readonly hostOf: (name: string) => MeshHost;
	/** Not of the mesh. */
	readonly client: MeshHost;
	readonly etcds: readonly FleetEtcd[];
	readonly controls: readonly [FleetControl, FleetControl];
	/** As `mesh.definitions` has it. */
	readonly definitions: string;
	/** Of the controls, and of Envoys. */
	readonly authority: Authority;
	/** The operator's. */
	readonly key: AccessKey;
	readonly folder: string;
}

export const PREFIX = '/turnout/mesh';

/** `folder`: there before the hosts, and gone after them. */
export async function openFleetWorld(stack: AsyncDisposableStack, folder: string): Promise<FleetWorld> {
	const { hosts, outside } = stack.use(createMeshHosts(names));
	const hostOf = (name: string): MeshHost => {
		const found = hosts.find((host) => host.name === name);
		if (found === undefined) throw new Error(`unreachable: no host is called ${name}`);
		return found;
	};
	const etcds = await startEtcds(stack, etcdNames.map(hostOf));
	const definitions = `etcd://${etcds.map(({ etcd }) => etcd.endpoint).join()}${PREFIX}`;
	const authority = createAuthority(folder, 'authority');
	const keys = join(folder, 'keys.json');
	const key = await addKey(hostOf('operator'), keys);
	const [first, second] = controlNames.map(hostOf);
	if (first === undefined || second === undefined) throw new Error('unreachable: there are two');
	const at = { folder, keys, definitions, authority, addresses: [first.address, second.address] };
	writeCertificate(at);
	const controls = await Promise.all([startOne(stack, first, at), startOne(stack, second, at)]);
	return { hostOf, client: outside, etcds, controls, definitions, authority, key, folder };
}

async function startEtcds(stack: AsyncDisposableStack, hosts: readonly MeshHost[]): Promise<FleetEtcd[]> {
	const cluster = hosts.map(({ name, address }) => `${name}=${peerUrl(address)}`);
	const etcds = await Promise.all(
		hosts.map(async ({ name, address, namespace }) => {
			return { name, etcd: stack.use(await startEtcd(namespace, { name, address, cluster })) };
		}),
	);
	for (const { etcd } of etcds)
		await eventually(
			() => etcd.tryCtl('get', '/none').code,
			(code) => code === 0 || etcd.process.exitCode !== null,
		);
	return etcds;
}

/** As App Mesh's guide has it. */
const policies = {
	AWSAppMeshAdminPolicy: {
		Version: '2012-10-17',
		Statement: [{ Effect: 'Allow', Action: ['appmesh:*'], Resource: '*' }],
	},
};

/** The file is that of the controls' user; root edits it, and it stays so. */
async function addKey({ namespace }: MeshHost, keys: string): Promise<AccessKey> {
	writeFileSync(keys, JSON.stringify({ keys: [], policies }), { mode: 0o600 });
	chownSync(keys, NOBODY, NOBODY);
	const own = ['--policies', 'AWSAppMeshAdminPolicy', '--keys', keys, '--json'];
	return JSON.parse(await command(namespace, 'control', 'keys', 'add', 'operator', ...own)) as AccessKey;
}

interface ControlPlace {
	readonly folder: string;
	readonly keys: string;
	readonly definitions: string;
	readonly authority: Authority;
	/** Of all controls. */
	readonly addresses: readonly string[];
}

const certificateIn = (folder: string) => ({
	...{ certificate: join(folder, 'control.pem'), privateKey: join(folder, 'control-own.key') },
});

/** One for both; its key is the controls' alone. */
function writeCertificate({ folder, authority, addresses }: ControlPlace): void {
	const { privateKey } = authority.issue('control', [CONTROL, ...addresses]);
	const own = certificateIn(folder).privateKey;
	copyFileSync(privateKey, own);
	chmodSync(own, 0o600);
	chownSync(own, NOBODY, NOBODY);
}

async function startOne(
	stack: AsyncDisposableStack,
	{ name, address, namespace }: MeshHost,
	{ folder, keys, definitions, authority }: ControlPlace,
): Promise<FleetControl> {
	const path = join(folder, name);
	mkdirSync(path);
	chownSync(path, NOBODY, NOBODY);
	const { certificate, privateKey } = certificateIn(folder);
	const at = `${address}:8474`;
	const control = stack.use(
		await startControl(
			asNobody(namespace),
			path,
			...['--definitions', definitions, '--listen', at, '--keys', keys],
			...[
				...['--certificate', certificate, '--private-key', privateKey],
				...['--ads', `${address}:${ADS.split(':')[1]}`, '--client-ca', authority.path],
			],
		),
	);
	if (control.child.exitCode !== null) throw new Error(`Cannot start turnout control: ${lastLines(control.log())}`);
	return { name, address, url: `https://${at}`, kill: () => control.stop('SIGKILL') };
}

/** As the checkout may lie below /root. */
const asNobody = ({ spawn }: Namespace): Pick<Namespace, 'spawn'> => ({
	spawn: (file, words) => spawn('setpriv', [...unprivileged(NOBODY, NOBODY), file, ...words]),
});
