import type {
	Logins,
	NewProxyIdentity,
	OnOutput,
	ProxyIdentity,
	ProxyRuntime,
	ProxySpec,
	RunningProxy,
} from '../../envoy/runtime.ts';
import { Failure } from '../../failure.ts';
import { makeForContainer, removeAdmin, removeAdminFolder, sweepAdmins } from '../envoy/admin-folder.ts';
import { attach } from './container.ts';
import { containerOf, IMAGE, identityIn, OWNER } from './container-spec.ts';
import type { DockerContext } from './docker-context.ts';
import { awayText, dockerFailure, statusOf } from './docker-errors.ts';
import { createEngine } from './engine.ts';
import { keptImage, letImageGo } from './keeper.ts';
import { streamOutput } from './output.ts';
import { pull } from './pull.ts';
import { notMade, refused } from './refusal.ts';

export interface DockerOptions {
	readonly socket: string;
	/** Of the container. */
	readonly name: string;
	/** Whose containers are ours: several turnouts may share a Docker. */
	readonly owner: string;
	readonly logins: Logins;
	readonly pullStallMs: number;
	/** Of the sockets on which its Envoys are asked. */
	readonly adminFolder: string;
}

/** Envoy in a container, through Docker's API (docs.docker.com/reference/api/engine). */
export async function createDockerRuntime(options: DockerOptions): Promise<ProxyRuntime> {
	const { socket, name, owner } = options;
	const engine = await createEngine(socket);
	const yard: DockerContext = {
		...{ engine, name, owner, sources: new Map(), tended: new Set() },
		...{ problem: '', closing: new AbortController() },
	};
	const told = async <T>(doing: string, signal: AbortSignal, act: () => Promise<T>): Promise<T> => {
		try {
			const result = await act();
			yard.problem = '';
			return result;
		} catch (error) {
			signal.throwIfAborted();
			const failure = dockerFailure(doing, socket, error);
			if (failure.code === 'docker') yard.problem = awayText(socket, failure.cause);
			throw failure;
		}
	};
	let isSwept = false;
	return {
		prepare: (spec, onProgress, signal) =>
			told('start Envoy', signal, () => prepare(yard, options, spec, onProgress, signal)),
		start: (spec, identity, onOutput, signal) =>
			told('start Envoy', signal, () => start(yard, spec, identity, onOutput)),
		async adopt(onOutput, signal) {
			const found = await told('look for Envoy', signal, () => adopt(yard, onOutput, signal));
			// Of a former daemon's; later on there are those of ours.
			if (!isSwept) sweepAdmins(options.adminFolder, found);
			isSwept = true;
			return found;
		},
		problem: () => yard.problem,
		async close(isOver) {
			yard.closing.abort();
			removeAdminFolder(options.adminFolder);
			// One container too many harms nobody; the next start finds it.
			if (isOver) await letImageGo(yard).catch(() => undefined);
		},
	};
}

async function prepare(
	yard: DockerContext,
	{ logins, pullStallMs }: DockerOptions,
	spec: ProxySpec,
	onProgress: Parameters<ProxyRuntime['prepare']>[1],
	signal: AbortSignal,
): Promise<string> {
	const { engine, sources } = yard;
	const { image } = spec;
	const here = (await engine.inspectImage(image, signal)) ?? (await kept(yard, image, signal));
	if (here === undefined && spec.pull === 'never')
		throw new Failure(
			'image',
			`Cannot start Envoy: the image ${image} is not on this host, and envoy.pull is never`,
			`docker pull ${image}, or set envoy.pull (TURNOUT_ENVOY_PULL) to missing`,
		);
	if (here === undefined || spec.pull === 'always')
		await pull({ engine, logins, stallMs: pullStallMs, onProgress }, image, signal);
	const named = await engine.inspectImage(image, signal);
	const found = named ?? here;
	if (found === undefined)
		throw new Failure('image', `Cannot start Envoy: the image ${image} is gone again`, 'Try again');
	requireArchitecture(image, found.Architecture);
	sources.set(image, named === undefined ? found.Id : image);
	return found.Id;
}

/** Somebody has taken the name away, or given it to none. */
async function kept(yard: DockerContext, image: string, signal: AbortSignal) {
	const id = await keptImage(yard, image);
	return id === undefined ? undefined : yard.engine.inspectImage(id, signal);
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
	yard: DockerContext,
	spec: ProxySpec,
	identity: NewProxyIdentity,
	onOutput: OnOutput,
): Promise<RunningProxy> {
	const { engine, owner, tended, sources } = yard;
	const source = sources.get(spec.image) ?? spec.image;
	const make = async () => {
		const name = await freeName(yard, identity);
		return engine.create({ name, ...containerOf(owner, spec, identity, source) });
	};
	makeForContainer(identity.admin.socketPath);
	const id = await make()
		// Another of ours may have been given the name meanwhile.
		.catch((error) => (statusOf(error) === CONFLICT ? make() : Promise.reject(error)))
		.catch((error) => {
			removeAdmin(identity);
			throw statusOf(error) === undefined ? error : notMade(error);
		});
	tended.add(id);
	try {
		await streamOutput(yard, id, onOutput);
		await engine.start(id);
		const { State } = await engine.inspect(id);
		return attach(yard, id, { ...identity, image: spec.image, startedAt: State.StartedAt }, onOutput);
	} catch (error) {
		tended.delete(id);
		removeAdmin(identity);
		// One that cannot be taken away now is when the next is made.
		await engine.discard(id).catch(() => undefined);
		throw statusOf(error) === undefined ? error : refused(spec, error);
	}
}

/** Our name, or while another of ours bears it, one of its own. Who is not ours and bears it stays as it is. */
async function freeName({ engine, owner, name, tended }: DockerContext, { instance }: ProxyIdentity): Promise<string> {
	const info = await engine.inspect(name).catch((error) => {
		if (statusOf(error) !== 404) throw error;
	});
	if (info === undefined) return name;
	if (info.Config.Labels[OWNER] !== owner) throw foreign(name, info.Config.Image, info.Config.Labels[OWNER]);
	if (tended.has(info.Id)) return `${name}-${instance.slice(0, 8)}`;
	// One that nobody looks after: half made, or started by hand behind our back.
	await engine.discard(info.Id);
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

/** Those that nobody looks after. */
async function adopt(yard: DockerContext, onOutput: OnOutput, signal: AbortSignal): Promise<readonly RunningProxy[]> {
	const { engine, owner, tended } = yard;
	const all = await engine.list(`${OWNER}=${owner}`, signal);
	const found = await Promise.all(
		all
			.filter(({ Id }) => !tended.has(Id))
			.map(async ({ Id }) => {
				const { State, Config } = await engine.inspect(Id);
				if (!State.Running) return void (await engine.discard(Id));
				// Docker does not let us hear one that is paused; it does not answer either.
				await streamOutput(yard, Id, onOutput).catch(() => undefined);
				const identity = identityIn(Config.Labels);
				return attach(
					yard,
					Id,
					{ ...identity, image: Config.Labels[IMAGE] ?? Config.Image, startedAt: State.StartedAt },
					onOutput,
				);
			}),
	);
	return found.filter((proxy) => proxy !== undefined);
}
