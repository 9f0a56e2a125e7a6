import type Docker from 'dockerode';
import { Failure } from '../../failure.ts';
import type { Logins, OnOutput, ProxyIdentity, ProxyRuntime, ProxySpec, RunningProxy } from '../../ports-proxy.ts';
import { discard, listen, tend, type Yard } from './container.ts';
import { awayText, dockerFailure, statusOf, wordsOf } from './failure.ts';
import { pull } from './pull.ts';

export interface DockerOptions {
	readonly socket: string;
	/** Of the container. */
	readonly name: string;
	/** Whose containers are ours: several turnouts may share a Docker. */
	readonly owner: string;
	readonly logins: Logins;
	readonly pullStallMs: number;
}

export const OWNER = 'turnout.owner';
const INSTANCE = 'turnout.instance';
const HASH = 'turnout.hash';
const ADMIN_PORT = 'turnout.adminPort';

/** Envoy in a container, through Docker's API (docs.docker.com/reference/api/engine). */
export async function createDockerRuntime(options: DockerOptions): Promise<ProxyRuntime> {
	const { default: Engine } = await import('dockerode');
	const { socket, name } = options;
	const docker = new Engine({ socketPath: socket });
	const yard: Yard = { docker, socket, name, tended: new Set(), trouble: '', closing: new AbortController() };
	const told = async <T>(doing: string, signal: AbortSignal, act: () => Promise<T>): Promise<T> => {
		try {
			const result = await act();
			yard.trouble = '';
			return result;
		} catch (error) {
			signal.throwIfAborted();
			const failure = dockerFailure(doing, socket, error);
			if (failure.code === 'docker') yard.trouble = awayText(socket, failure.cause);
			throw failure;
		}
	};
	return {
		prepare: (spec, onProgress, signal) =>
			told('start Envoy', signal, () => prepare(yard, options, spec, onProgress, signal)),
		start: (spec, identity, onOutput, signal) =>
			told('start Envoy', signal, () => start(yard, options.owner, spec, identity, onOutput)),
		adopt: (onOutput, signal) => told('look for Envoy', signal, () => adopt(yard, options.owner, onOutput)),
		trouble: () => yard.trouble,
		close: () => yard.closing.abort(),
	};
}

async function prepare(
	{ docker, socket }: Yard,
	{ logins, pullStallMs }: DockerOptions,
	spec: ProxySpec,
	onProgress: Parameters<ProxyRuntime['prepare']>[1],
	signal: AbortSignal,
): Promise<string> {
	const { image } = spec;
	const here = await inspectImage(docker, image);
	if (here === undefined && spec.pull === 'never')
		throw new Failure(
			'image',
			`Cannot start Envoy: the image ${image} is not on this host, and envoy.pull is never`,
			`docker pull ${image}, or set envoy.pull (TURNOUT_ENVOY_PULL) to missing`,
		);
	if (here === undefined || spec.pull === 'always')
		await pull({ docker, socket, logins, stallMs: pullStallMs, onProgress }, image, signal);
	const found = (await inspectImage(docker, image)) ?? here;
	if (found === undefined)
		throw new Failure('image', `Cannot start Envoy: the image ${image} is gone again`, 'Try again');
	requireArchitecture(image, found.Architecture);
	return found.Id;
}

async function inspectImage(docker: Docker, image: string): Promise<Docker.ImageInspectInfo | undefined> {
	try {
		return await docker.getImage(image).inspect();
	} catch (error) {
		if (statusOf(error) === 404) return undefined;
		throw error;
	}
}

/** Node's names and Go's. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', arm: 'arm', ia32: '386' };

function requireArchitecture(image: string, architecture: string): void {
	const own = architectures[process.arch] ?? process.arch;
	if (architecture === own || architecture === '') return;
	throw new Failure(
		'image',
		`Cannot start Envoy: the image ${image} is for ${architecture}, and this host is ${own}`,
		'Use an image for this kind of processor (envoy.image, TURNOUT_ENVOY_IMAGE)',
	);
}

const CONFLICT = 409;

async function start(
	yard: Yard,
	owner: string,
	spec: ProxySpec,
	identity: ProxyIdentity,
	onOutput: OnOutput,
): Promise<RunningProxy> {
	const make = async () => {
		const name = await freeName(yard, owner, identity);
		return yard.docker.createContainer({ name, ...containerOf(owner, spec, identity) });
	};
	const container = await make()
		// Another of ours may have been given the name meanwhile.
		.catch((error) => (statusOf(error) === CONFLICT ? make() : Promise.reject(error)))
		.catch((error) => {
			throw statusOf(error) === undefined ? error : notMade(error);
		});
	try {
		await listen(yard, container, onOutput);
		await container.start();
		const { State } = await container.inspect();
		return tend(yard, container, { ...identity, image: spec.image, startedAt: State.StartedAt }, onOutput);
	} catch (error) {
		await discard(container);
		throw statusOf(error) === undefined ? error : refused(spec, error);
	}
}

const notMade = (error: unknown): Failure =>
	new Failure(
		'envoy',
		`Cannot start Envoy: Docker makes no container for it: ${wordsOf(error)}`,
		'See envoy.memoryMegabytes, envoy.openFiles and envoy.logDriver, and what Docker has with `docker ps --all`',
		error,
	);

/** What Docker or runc says of an image that cannot be started, and what that means. */
function refused({ image, command }: ProxySpec, error: unknown): Failure {
	const said = wordsOf(error);
	const isMissing = /executable file not found|no such file or directory/.test(said);
	return new Failure(
		'image',
		isMissing
			? `Cannot start Envoy: the image ${image} has no program ${command}: ${said}`
			: `Cannot start Envoy from the image ${image}: ${said}`,
		isMissing
			? 'Use an image of Envoy (envoy.image), or say where it has its program with envoy.command (TURNOUT_ENVOY_COMMAND)'
			: 'See envoy.image (TURNOUT_ENVOY_IMAGE) and what Docker says',
		error,
	);
}

/** Our name, or while another of ours bears it, one of its own. Who is not ours and bears it stays as it is. */
async function freeName({ docker, name, tended }: Yard, owner: string, { instance }: ProxyIdentity): Promise<string> {
	const container = docker.getContainer(name);
	const info = await container.inspect().catch((error) => {
		if (statusOf(error) === 404) return undefined;
		throw error;
	});
	if (info === undefined) return name;
	if (info.Config.Labels[OWNER] !== owner) throw foreign(name, info.Config.Image, info.Config.Labels[OWNER]);
	if (tended.has(info.Id)) return `${name}-${instance.slice(0, 8)}`;
	// One that nobody looks after: half made, or started by hand behind our back.
	await discard(container);
	return name;
}

function foreign(name: string, image: string, other: string | undefined): Failure {
	const whose = other === undefined ? 'is not ours' : `belongs to another turnout (${other})`;
	return new Failure(
		'envoy',
		`Cannot start Envoy: the container ${name} (${image}) ${whose}, and stays as it is`,
		'Rename or remove it, or set envoy.name (TURNOUT_ENVOY_NAME) to another name',
	);
}

/** As the 2019 guide's `docker run`, with no more rights than Envoy needs. */
function containerOf(
	owner: string,
	spec: ProxySpec,
	{ instance, hash, adminPort }: ProxyIdentity,
): Docker.ContainerCreateOptions {
	return {
		Image: spec.image,
		User: `${spec.uid}:${spec.gid}`,
		...(spec.command === '' ? {} : { Entrypoint: [spec.command] }),
		Cmd: [...spec.args],
		Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
		Labels: { [OWNER]: owner, [INSTANCE]: instance, [HASH]: hash, [ADMIN_PORT]: String(adminPort) },
		HostConfig: {
			NetworkMode: 'host',
			CapDrop: ['ALL'],
			SecurityOpt: ['no-new-privileges'],
			ReadonlyRootfs: true,
			Tmpfs: { '/tmp': 'rw,noexec,nosuid,nodev,mode=1777' },
			Mounts: [...Object.keys(spec.files), ...spec.mounts].map((path) => ({
				Type: 'bind',
				Source: path,
				Target: path,
				ReadOnly: true,
			})),
			// Started again by us and not by Docker: rules depend on it.
			RestartPolicy: { Name: 'no' },
			...(spec.memoryMegabytes === 0 ? {} : { Memory: spec.memoryMegabytes * 1024 * 1024 }),
			...(spec.openFiles === 0 ? {} : { Ulimits: [{ Name: 'nofile', Soft: spec.openFiles, Hard: spec.openFiles }] }),
			...(spec.logDriver === '' ? {} : { LogConfig: { Type: spec.logDriver, Config: {} } }),
		},
	};
}

async function adopt(yard: Yard, owner: string, onOutput: OnOutput): Promise<readonly RunningProxy[]> {
	const { docker } = yard;
	const all = await docker.listContainers({ all: true, filters: { label: [`${OWNER}=${owner}`] } });
	const found = await Promise.all(
		all.map(async ({ Id }) => {
			const container = docker.getContainer(Id);
			const { State, Config } = await container.inspect();
			if (!State.Running) return void (await discard(container));
			// Docker does not let us hear one that is paused; it does not answer either.
			await listen(yard, container, onOutput).catch(() => undefined);
			const { [INSTANCE]: instance = '', [HASH]: hash = '', [ADMIN_PORT]: port = '' } = Config.Labels;
			const identity = { instance, hash, adminPort: Number(port) };
			return tend(yard, container, { ...identity, image: Config.Image, startedAt: State.StartedAt }, onOutput);
		}),
	);
	return found.filter((proxy) => proxy !== undefined);
}
