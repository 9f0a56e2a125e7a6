// A task of ECS on a container instance, as its agent runs it in network mode awsvpc (amazon-ecs-agent, agent/engine): a pause
// container holds a network with an interface of its own, and each container joins it as soon as its dependsOn allows.
import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Dockerode from 'dockerode';
import { limitMemory } from '../net/cgroups.ts';
import type { Host } from '../net/host.ts';
import type { Namespace } from '../net/namespace.ts';
import type { Docker } from './dockerd.ts';
import { importImage } from './image.ts';

type Condition = 'START' | 'COMPLETE' | 'SUCCESS' | 'HEALTHY';

/** As `aws ecs register-task-definition` takes it, as far as the agent's work here depends on it. */
export interface TaskContainer {
	readonly name: string;
	readonly image: string;
	readonly essential?: boolean;
	readonly user?: string;
	readonly entryPoint?: string[];
	readonly command?: string[];
	readonly environment?: readonly { readonly name: string; readonly value: string }[];
	readonly dependsOn?: readonly { readonly containerName: string; readonly condition: Condition }[];
	readonly healthCheck?: HealthCheck;
	readonly readonlyRootFilesystem?: boolean;
	readonly linuxParameters?: { readonly capabilities?: { readonly add?: string[]; readonly drop?: string[] } };
	/** In MiB. */
	readonly memoryReservation?: number;
}

/** In seconds. */
interface HealthCheck {
	readonly command: string[];
	readonly interval?: number;
	readonly timeout?: number;
	readonly retries?: number;
	readonly startPeriod?: number;
}

export interface TaskDefinition {
	/** In MiB, of all containers together. */
	readonly memory: string;
	readonly containerDefinitions: readonly TaskContainer[];
}

export interface EcsTask extends AsyncDisposable {
	/** Docker's own words; rejects where there is no such container. */
	readonly inspect: (name: string) => Promise<Dockerode.ContainerInspectInfo>;
	readonly logs: (name: string) => string;
	/** For programs in a container, as `docker exec` starts them; `user`: another than the container's own. */
	readonly inside: (name: string, user?: string) => Pick<Namespace, 'spawn'>;
	/** Resolves once every container has been started. */
	readonly started: Promise<unknown>;
	/** Resolves once the task has stopped by itself, to why. */
	readonly stopped: Promise<string>;
}

/** Of the task's own interface; the world is at its other end. */
export const taskAddresses = { v4: '10.78.0.2', v6: 'fd78::2' } as const;

export async function runTask(
	lab: Host,
	docker: Docker,
	{ memory, containerDefinitions }: TaskDefinition,
): Promise<EcsTask> {
	const engine = new Dockerode({ socketPath: docker.socket });
	const cgroup = `${basename(docker.folder)}/task`;
	const pause = await startPause(lab, docker, engine, cgroup);
	limitMemory(cgroup, Number(memory) * 2 ** 20);
	const running: Dockerode.Container[] = [];
	const end = Promise.withResolvers<string>();
	const stopped = end.promise.then(async (why) => {
		// Whatever another container depends on stops after it.
		for (const each of running.toReversed()) await each.stop({ t: 1 }).catch(() => undefined);
		return why;
	});
	const started = startInOrder(containerDefinitions, async (definition) => {
		const container = await engine.createContainer(optionsOf(definition, pause.id, cgroup));
		await container.start();
		running.push(container);
		const { name, essential = true } = definition;
		if (essential) void container.wait().then(() => end.resolve(`the essential container ${name} has ended`));
		return container;
	});
	started.catch((error: Error) => end.resolve(error.message));
	return {
		...{ started, stopped },
		inspect: (name) => engine.getContainer(name).inspect(),
		logs(name) {
			const { stdout, stderr } = docker.tryDocker(['logs', name]);
			return `${stdout}${stderr}`;
		},
		inside: (name, user) => ({
			spawn(file, args, options = {}) {
				const as = user === undefined ? [] : ['--user', user];
				const words = ['--host', `unix://${docker.socket}`, 'exec', '--interactive', ...as, name, file, ...args];
				return spawn('/usr/bin/docker', words, options);
			},
		}),
		async [Symbol.asyncDispose]() {
			for (const each of [...running.toReversed(), pause]) await each.remove({ force: true });
		},
	};
}

function startInOrder(
	definitions: readonly TaskContainer[],
	start: (definition: TaskContainer) => Promise<Dockerode.Container>,
): Promise<unknown> {
	const starts = new Map<string, Promise<Dockerode.Container>>();
	const startOf = (wanted: string): Promise<Dockerode.Container> => {
		const found = starts.get(wanted) ?? startWhenItMay(definitions.find(({ name }) => name === wanted));
		starts.set(wanted, found);
		return found;
	};
	const startWhenItMay = async (definition: TaskContainer | undefined): Promise<Dockerode.Container> => {
		if (definition === undefined) throw new Error('A container depends on one that is not there');
		const { dependsOn = [] } = definition;
		await Promise.all(
			dependsOn.map(async ({ containerName, condition }) =>
				conditions[condition](await startOf(containerName), containerName),
			),
		);
		return start(definition);
	};
	return Promise.all(definitions.map(({ name }) => startOf(name)));
}

/** Resolves once a container has come as far as another one needs it to. */
const conditions: Readonly<Record<Condition, (container: Dockerode.Container, name: string) => Promise<void>>> = {
	START: async () => undefined,
	COMPLETE: async (container) => void (await container.wait()),
	async SUCCESS(container, name) {
		const { StatusCode: code } = (await container.wait()) as { readonly StatusCode: number };
		if (code !== 0) throw new Error(`${name}, which must succeed, has ended with ${code}`);
	},
	async HEALTHY(container, name) {
		for (;;) {
			const { State } = await container.inspect();
			if (State.Health?.Status === 'healthy') return;
			if (!State.Running || State.Health === undefined)
				throw new Error(`${name}, which must be healthy, is not going to be`);
			await sleep(100);
		}
	},
};

/** What the agent tells each container of a task with a role. */
const agentVariables = [
	'AWS_EXECUTION_ENV=AWS_ECS_EC2',
	'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/1',
	'ECS_CONTAINER_METADATA_URI_V4=http://169.254.170.2/v4/1',
];

function optionsOf(definition: TaskContainer, pause: string, cgroup: string): Dockerode.ContainerCreateOptions {
	const { name, image, user, entryPoint, command, environment = [], healthCheck, memoryReservation = 0 } = definition;
	const { add = [], drop = [] } = definition.linuxParameters?.capabilities ?? {};
	return {
		...{ name, Image: image },
		...(user === undefined ? {} : { User: user }),
		...(entryPoint === undefined ? {} : { Entrypoint: entryPoint }),
		...(command === undefined ? {} : { Cmd: command }),
		...(healthCheck === undefined ? {} : { Healthcheck: healthOf(healthCheck) }),
		Env: [...agentVariables, ...environment.map((each) => `${each.name}=${each.value}`)],
		HostConfig: {
			...{ NetworkMode: `container:${pause}`, CgroupParent: `/${cgroup}`, CapAdd: add, CapDrop: drop },
			MemoryReservation: memoryReservation * 2 ** 20,
			ReadonlyRootfs: definition.readonlyRootFilesystem ?? false,
		},
	};
}

/** With the defaults of ECS. Docker counts in nanoseconds. */
const healthOf = ({ command, interval = 30, timeout = 5, retries = 3, startPeriod = 0 }: HealthCheck) => ({
	...{
		Test: command,
		Interval: interval * 1e9,
		Timeout: timeout * 1e9,
		Retries: retries,
		StartPeriod: startPeriod * 1e9,
	},
});

async function startPause(lab: Host, docker: Docker, engine: Dockerode, cgroup: string): Promise<Dockerode.Container> {
	importImage(docker, { tag: 'pause', program: '/usr/bin/sleep', args: ['infinity'] });
	const Sysctls = { 'net.ipv6.conf.all.disable_ipv6': '0', 'net.ipv6.conf.default.disable_ipv6': '0' };
	const HostConfig = { NetworkMode: 'none', CgroupParent: `/${cgroup}`, Sysctls };
	const pause = await engine.createContainer({ name: 'pause', Image: 'pause', HostConfig });
	await pause.start();
	attachInterface(lab.world, (await pause.inspect()).State.Pid);
	return pause;
}

/** What the agent's CNI plugins do with an elastic network interface. */
function attachInterface(world: Namespace, pid: number): void {
	const batch = (lines: readonly string[]) => ({ input: `${lines.join('\n')}\n` });
	world.run(
		...(['ip', ['-batch', '-']] as const),
		batch([
			`link add task0 type veth peer name eth0 netns ${pid}`,
			...['link set task0 up', 'addr add 10.78.0.1/24 dev task0', 'addr add fd78::1/64 dev task0 nodad'],
		]),
	);
	const { v4, v6 } = taskAddresses;
	world.run(
		...(['nsenter', [`--net=/proc/${pid}/ns/net`, 'ip', '-batch', '-']] as const),
		batch([
			...['link set eth0 up', `addr add ${v4}/24 dev eth0`, `addr add ${v6}/64 dev eth0 nodad`],
			...['route add default via 10.78.0.1', 'route add default via fd78::1'],
		]),
	);
}
