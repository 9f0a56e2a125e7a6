import { quote } from '../lib/escape.ts';
import type { FileSettings } from './yaml.ts';

/** A container of a task definition, as far as it matters here; other members stay as they are. */
export interface ContainerDefinition {
	readonly name: string;
	readonly user?: string;
	readonly dependsOn?: readonly { readonly containerName: string; readonly condition: string }[];
	readonly healthCheck?: object;
	readonly [member: string]: unknown;
}

/** What `aws ecs register-task-definition` takes. */
export interface TaskDefinition {
	readonly containerDefinitions: readonly ContainerDefinition[];
	readonly [member: string]: unknown;
}

export interface MeshedTask {
	readonly task: TaskDefinition;
	/** The name of Envoy's container. */
	readonly envoy: string;
	/** What the properties say, in our settings, with all mistakes of the definition. */
	readonly settings: FileSettings;
}

/** The properties of `ProxyConfiguration` in the API of ECS, and the settings that they are. */
const properties: Readonly<Record<string, string>> = {
	IgnoredUID: 'ignoreUids',
	IgnoredGID: 'ignoreGids',
	ProxyIngressPort: 'ingressPort',
	ProxyEgressPort: 'egressPort',
	AppPorts: 'appPorts',
	EgressIgnoredPorts: 'egressIgnoredPorts',
	EgressIgnoredIPs: 'egressIgnoredIps',
};

/** ECS registers no task without them. */
const required = ['ProxyIngressPort', 'ProxyEgressPort', 'AppPorts'];

/** The credentials of tasks and the metadata of instances, which ECS's agent adds to EgressIgnoredIPs. */
const ALWAYS_IGNORED = ['169.254.170.2', '169.254.169.254'];

type Properties = ReadonlyMap<string, string>;

/**
 * A task definition of ECS with `proxyConfiguration`, as JSON: as it is registered, or as `describe-task-definition` prints
 * it. Throws an Error where it is none.
 */
export function parseTaskDefinition(text: string, path: string): MeshedTask {
	const task = taskIn(JSON.parse(text));
	const proxy = task['proxyConfiguration'];
	if (!isObject(proxy)) throw new Error('it has no proxyConfiguration: turnout is not needed for it');
	const { type = 'APPMESH', containerName = '', properties: list = [] } = proxy;
	const given = namesAndValues(list);
	const values: Properties = new Map(given);
	const envoy = String(containerName);
	const mistakes = [
		...(type === 'APPMESH' ? [] : [`proxyConfiguration.type is ${quote(String(type))}; allowed: APPMESH`]),
		...mistakesInProperties(given, values),
		...mistakesInTask(task, envoy, values),
	];
	return {
		...{ task, envoy },
		settings: { values: settingsOf(values, path), mistakes: mistakes.map((mistake) => `${path}: ${mistake}`) },
	};
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

function taskIn(value: unknown): TaskDefinition {
	const task = isObject(value) && isObject(value['taskDefinition']) ? value['taskDefinition'] : value;
	if (!isObject(task) || !isContainers(task['containerDefinitions']))
		throw new Error('it is no task definition: it has no containerDefinitions with a name each');
	return { ...task, containerDefinitions: task['containerDefinitions'] };
}

const isContainers = (value: unknown): value is readonly ContainerDefinition[] =>
	Array.isArray(value) && value.every((each) => isObject(each) && typeof each['name'] === 'string');

function namesAndValues(list: unknown): readonly (readonly [name: string, value: string])[] {
	if (!Array.isArray(list)) throw new Error('proxyConfiguration.properties is no list');
	return list.map((each: unknown) => {
		const { name, value = '' } = isObject(each) ? each : {};
		if (typeof name !== 'string' || typeof value !== 'string')
			throw new Error('an element of proxyConfiguration.properties has no name and value of text');
		return [name, value.trim()];
	});
}

function mistakesInProperties(given: readonly (readonly [string, string])[], values: Properties): readonly string[] {
	const twice = given.filter(([name], at) => given.findIndex(([each]) => each === name) < at);
	const isMissing = (name: string) => (values.get(name) ?? '') === '';
	return [
		...twice.map(([name]) => `proxyConfiguration: ${name} stands twice`),
		...[...values.keys()]
			.filter((name) => !Object.hasOwn(properties, name))
			.map(
				(name) => `proxyConfiguration: unknown property ${quote(name)}; known: ${Object.keys(properties).join(', ')}`,
			),
		...required.filter(isMissing).map((name) => `proxyConfiguration: ${name} is missing`),
		...(isMissing('IgnoredUID') && isMissing('IgnoredGID')
			? ['proxyConfiguration: IgnoredUID and IgnoredGID are missing; one of them says who Envoy is']
			: []),
	];
}

function mistakesInTask(task: TaskDefinition, envoy: string, values: Properties): readonly string[] {
	const { containerDefinitions, networkMode = 'awsvpc', requiresCompatibilities = [] } = task;
	const container = containerDefinitions.find(({ name }) => name === envoy);
	const isFargate = Array.isArray(requiresCompatibilities) && requiresCompatibilities.includes('FARGATE');
	return [
		...(containerDefinitions.some(({ name }) => name === 'turnout') ? ['it has a container "turnout" already'] : []),
		...(container === undefined
			? [`proxyConfiguration.containerName: there is no container ${quote(envoy)}; known: ${namesOf(task)}`]
			: mistakesInEnvoy(container, values)),
		...(networkMode === 'awsvpc' ? [] : [`networkMode is ${quote(String(networkMode))}; allowed: awsvpc`]),
		...(isFargate ? ['requiresCompatibilities: FARGATE grants no container NET_ADMIN; allowed: EC2, EXTERNAL'] : []),
	];
}

const namesOf = ({ containerDefinitions }: TaskDefinition): string =>
	containerDefinitions.map(({ name }) => name).join(', ');

/** An Envoy whose own connections are captured would call itself for ever. */
function mistakesInEnvoy({ name, user = '' }: ContainerDefinition, values: Properties): readonly string[] {
	const [uid = '', gid = ''] = user.split(':');
	const ignored = { uid: values.get('IgnoredUID') ?? '', gid: values.get('IgnoredGID') ?? '' };
	const isOther = (own: string, of: string) => /^\d+$/.test(own) && own !== of;
	const isCaptured = isOther(uid, ignored.uid) && (ignored.gid === '' || gid === '' || isOther(gid, ignored.gid));
	return isCaptured
		? [
				`container ${quote(name)}: its user is ${quote(user)}, but IgnoredUID is ${quote(ignored.uid)}: its own traffic would be captured`,
			]
		: [];
}

function settingsOf(values: Properties, path: string): FileSettings['values'] {
	const found = Object.entries(properties).map(([name, key]) => [key, values.get(name) ?? '', name] as const);
	const texts = [
		...found.filter(([key]) => key !== 'egressIgnoredIps'),
		['egressIgnoredIps', ignoredAddresses(values.get('EgressIgnoredIPs')), 'EgressIgnoredIPs'] as const,
		// Our default, 22, would contradict an app port of 22, which ECS captured.
		['ingressIgnoredPorts', '', 'AppPorts'] as const,
	];
	return new Map(texts.map(([key, text, name]) => [key, { text, where: `${path}, ${name}` }]));
}

function ignoredAddresses(list = ''): string {
	const given = list.split(',').map((each) => each.trim());
	return [...new Set([...given, ...ALWAYS_IGNORED])].filter((each) => each !== '').join();
}
