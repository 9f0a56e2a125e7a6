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
import { dockerFailure, statusOf, unavailableText } from './docker-errors.ts';
import { createEngine } from './engine.ts';
import { keptImage, releaseImage } from './keeper.ts';
import { streamOutput } from './output.ts';
import { pull } from './pull.ts';
import { creationFailure, startFailure } from './refusal.ts';

export interface DockerOptions {
	readonly socket: string;
	/** The container's. */
	readonly name: string;
	/** Value of the label that marks our containers: several turnouts may share a Docker. */
	readonly owner: string;
	readonly logins: Logins;
	readonly pullStallMs: number;
	/** Parent of the folders with the admin sockets of its Envoys. */
	readonly adminFolder: string;
}

/** Envoy in a container, through Docker's API (docs.docker.com/reference/api/engine). */
export async function createDockerRuntime(options: DockerOptions): Promise<ProxyRuntime> {
	const { socket, name, owner } = options;
	const engine = await createEngine(socket);
	const context: DockerContext = {
		...{ engine, name, owner, sources: new Map(), attached: new Set() },
		...{ problem: '', closing: new AbortController() },
	};
	const reporting = async <T>(doing: string, signal: AbortSignal, act: () => Promise<T>): Promise<T> => {
		try {
			const result = await act();
			context.problem = '';
			return result;
		} catch (error) {
			signal.throwIfAborted();
			const failure = dockerFailure(doing, socket, error);
			if (failure.code === 'docker') context.problem = unavailableText(socket, failure.cause);
			throw failure;
		}
	};
	let isSwept = false;
	return {
		prepare: (spec, onProgress, signal) =>
			reporting('start Envoy', signal, () => prepare(context, options, spec, onProgress, signal)),
		start: (spec, identity, onOutput, signal) =>
			reporting('start Envoy', signal, () => start(context, spec, identity, onOutput)),
		async adopt(onOutput, signal) {
			const found = await reporting('look for Envoy', signal, () => adopt(context, onOutput, signal));
			// Only once: later on there are folders of our own Envoys.
			if (!isSwept) sweepAdmins(options.adminFolder, found);
			isSwept = true;
			return found;
		},
		problem: () => context.problem,
		async close(isOver) {
			context.closing.abort();
			removeAdminFolder(options.adminFolder);
			// A container left over does no harm; the next start finds it.
			if (isOver) await releaseImage(context).catch(() => undefined);
		},
	};
}

async function prepare(
	context: DockerContext,
	{ logins, pullStallMs }: DockerOptions,
	spec: ProxySpec,
	onProgress: Parameters<ProxyRuntime['prepare']>[1],
	signal: AbortSignal,
): Promise<string> {
	const { engine, sources } = context;
	const { image } = spec;
	const here = (await engine.inspectImage(image, signal)) ?? (await findKept(context, image, signal));
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

/** The image that Envoy last ran from, where its name was removed or given to another image. */
async function findKept(context: DockerContext, image: string, signal: AbortSignal) {
	const id = await keptImage(context, image);
	return id === undefined ? undefined : context.engine.inspectImage(id, signal);
}

/** Architectures by Node's name, in Go's. */
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
	context: DockerContext,
	spec: ProxySpec,
	identity: NewProxyIdentity,
	onOutput: OnOutput,
): Promise<RunningProxy> {
	const { engine, owner, attached, sources } = context;
	const source = sources.get(spec.image) ?? spec.image;
	const make = async () => {
		const name = await freeName(context, identity);
		return engine.create({ name, ...containerOf(owner, spec, identity, source) });
	};
	makeForContainer(identity.admin.socketPath);
	const id = await make()
		// Another Envoy of ours may have got the name meanwhile.
		.catch((error) => (statusOf(error) === CONFLICT ? make() : Promise.reject(error)))
		.catch((error) => {
			removeAdmin(identity);
			throw statusOf(error) === undefined ? error : creationFailure(error);
		});
	attached.add(id);
	try {
		await streamOutput(context, id, onOutput);
		await engine.start(id);
		const { State } = await engine.inspect(id);
		return attach(context, id, { ...identity, image: spec.image, startedAt: State.StartedAt }, onOutput);
	} catch (error) {
		attached.delete(id);
		removeAdmin(identity);
		// If it cannot be removed now, the next start removes it.
		await engine.discard(id).catch(() => undefined);
		throw statusOf(error) === undefined ? error : startFailure(spec, error);
	}
}

/** The configured name, or one of its own while another Envoy of ours has that. Never takes over a foreign container. */
async function freeName(
	{ engine, owner, name, attached }: DockerContext,
	{ instance }: ProxyIdentity,
): Promise<string> {
	const info = await engine.inspect(name).catch((error) => {
		if (statusOf(error) !== 404) throw error;
	});
	if (info === undefined) return name;
	if (info.Config.Labels[OWNER] !== owner) throw foreign(name, info.Config.Image, info.Config.Labels[OWNER]);
	if (attached.has(info.Id)) return `${name}-${instance.slice(0, 8)}`;
	// Left over: half made, or started by hand.
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

/** Attaches to running containers of ours, and removes the others. */
async function adopt(
	context: DockerContext,
	onOutput: OnOutput,
	signal: AbortSignal,
): Promise<readonly RunningProxy[]> {
	const { engine, owner, attached } = context;
	const all = await engine.list(`${OWNER}=${owner}`, signal);
	const found = await Promise.all(
		all
			.filter(({ Id }) => !attached.has(Id))
			.map(async ({ Id }) => {
				const { State, Config } = await engine.inspect(Id);
				if (!State.Running) return void (await engine.discard(Id));
				// Docker refuses to attach to a paused container.
				await streamOutput(context, Id, onOutput).catch(() => undefined);
				const identity = identityIn(Config.Labels);
				return attach(
					context,
					Id,
					{ ...identity, image: Config.Labels[IMAGE] ?? Config.Image, startedAt: State.StartedAt },
					onOutput,
				);
			}),
	);
	return found.filter((proxy) => proxy !== undefined);
}
