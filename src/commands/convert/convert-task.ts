import { allSettings } from '../../config/names.ts';
import type { ContainerDefinition, MeshedTask, TaskDefinition } from '../../config/proxy-configuration.ts';

/** What `describe-task-definition` adds, and `register-task-definition` does not take. */
const described = [
	...['taskDefinitionArn', 'revision', 'status', 'requiresAttributes', 'compatibilities'],
	...['registeredAt', 'registeredBy', 'deregisteredAt'],
];
const NAME = 'turnout';
/** In MiB, while the rules are applied; for tasks that say nothing for the whole of them. */
const MEMORY = 128;
/** AWS's plugin captured the first ones only. */
const MOST_PORTS = 15;

interface Converted {
	readonly task: TaskDefinition;
	/** What is to be known about it. */
	readonly notices: readonly string[];
}

/** PURE. The same task without `proxyConfiguration`: a container of turnout's applies the rules before the application starts. */
export function convertTask(meshed: MeshedTask, image: string): Converted {
	const { proxyConfiguration: _, containerDefinitions, ...rest } = meshed.task;
	const kept = Object.fromEntries(Object.entries(rest).filter(([name]) => !described.includes(name)));
	const own = ownContainer(meshed, image, 'memory' in meshed.task ? {} : { memoryReservation: MEMORY });
	return {
		task: { ...kept, containerDefinitions: [own, ...containerDefinitions.map((each) => converted(each, meshed))] },
		notices: noticesOf(meshed),
	};
}

function ownContainer({ settings }: MeshedTask, image: string, memory: object): ContainerDefinition {
	const environment = [...settings.values]
		.map(([key, { text }]) => ({ name: allSettings.get(key)?.variable ?? key, value: text }))
		.toSorted((a, b) => a.name.localeCompare(b.name));
	return {
		...{ name: NAME, image, essential: false, user: '0', command: ['init'], ...memory, environment },
		readonlyRootFilesystem: true,
		linuxParameters: { capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] } },
	};
}

/** The guide's, for an Envoy with its admin interface on 9901. */
const HEALTH_CHECK = {
	command: ['CMD-SHELL', 'curl -s http://localhost:9901/server_info | grep state | grep -q LIVE'],
	...{ startPeriod: 10, interval: 5, timeout: 2, retries: 3 },
};

function converted(container: ContainerDefinition, { envoy, settings }: MeshedTask): ContainerDefinition {
	const { name, dependsOn = [], user, healthCheck } = container;
	if (name !== envoy) return { ...container, dependsOn: [...dependsOn, { containerName: NAME, condition: 'SUCCESS' }] };
	const uid = settings.values.get('ignoreUids')?.text ?? '';
	const isRoot = user === undefined && uid !== '';
	return { ...container, ...(isRoot ? { user: uid } : {}), healthCheck: healthCheck ?? HEALTH_CHECK };
}

function noticesOf({ task, envoy, settings }: MeshedTask): readonly string[] {
	const container = task.containerDefinitions.find(({ name }) => name === envoy);
	const waiting = task.containerDefinitions.filter(
		({ name, dependsOn = [] }) => name !== envoy && !dependsOn.some(({ containerName }) => containerName === envoy),
	);
	const ports = (settings.values.get('appPorts')?.text ?? '').split(',').length;
	return [
		...(container?.user === undefined ? [`${envoy} runs as IgnoredUID now: it had no user`] : []),
		...(container?.healthCheck === undefined
			? [`${envoy} has a health check now, which needs curl in its image: it had none`]
			: []),
		...waiting.map(({ name }) => `${name} does not wait for ${envoy} to be HEALTHY, and may fail until then`),
		...(ports > MOST_PORTS ? [`All ${ports} app ports are captured; AWS's plugin left out those after the 15th`] : []),
		`${envoy} asks AWS's control plane for its configuration, which has ended: give it one, such as by \`turnout mesh render --pod\``,
	];
}
