import { Failure } from '../failure.ts';
import { quote } from '../lib/escape.ts';
import { type Cidr, parseCidrs, showCidr } from '../values/cidr.ts';
import { type Id, type InterfaceName, parseEach, parseIds, parseInterfaces, unique } from '../values/units.ts';

/** Link-local service endpoints of AWS, which must not go through a proxy. */
export const AWS_ENDPOINTS = [
	'169.254.169.254', // EC2 instance metadata
	'169.254.169.253', // Route 53 Resolver
	'169.254.169.123', // Amazon Time Sync
	'169.254.170.2', // ECS task credentials and metadata
	'169.254.170.23', // EKS Pod Identity
	'fd00:ec2::254',
	'fd00:ec2::253',
	'fd00:ec2::123',
	'fd00:ec2::23',
].join(',');

/** Agents of the host that have a user of their own; what runs as root cannot be told from other programs by its user. */
const AGENTS = [
	'_apt', // what apt downloads with
	'cwagent', // CloudWatch agent
	'aoc', // AWS Distro for OpenTelemetry
	'xray', // X-Ray daemon
	'systemd-resolve', // DNS over TCP
	'systemd-timesync',
	'chrony', // network time security
	'_chrony',
].join(',');

/** How container engines and network plug-ins name the host's end of a network of containers. */
const CONTAINER_INTERFACES = [
	'docker0',
	'docker_gwbridge',
	'br-+', // Docker's networks of users
	'podman+',
	'cni+', // Podman, containerd, flannel
	'nerdctl+',
	'ecs-bridge', // ECS tasks with a network of their own
	'eni+', // pods by AWS's VPC plug-in
	'cali+', // Calico
	'flannel+',
	'cilium+',
	'lxcbr+',
	'lxdbr+',
	'incusbr+',
].join(',');

/** What each preset adds, in the words of the setting that it adds to. */
const presets = {
	'aws-endpoints': { key: 'egressIgnoredIps', value: AWS_ENDPOINTS },
	'container-networks': { key: 'interfacesIgnored', value: CONTAINER_INTERFACES },
	'host-agents': { key: 'ignoreUids', value: AGENTS },
} as const;

export type Preset = keyof typeof presets;
const names = Object.keys(presets) as readonly Preset[];

export const PRESETS_ALLOWED = `${names.join(', ')}, with commas between them`;

export const parsePresets = (text: string): Preset[] => unique(parseEach(text, parsePreset), String);

function parsePreset(text: string): Preset {
	const found = names.find((name) => name === text);
	if (found === undefined) throw new Error(`${quote(text)} is not a preset`);
	return found;
}

export interface Addition {
	readonly preset: Preset;
	/** The setting that it adds to. */
	readonly key: (typeof presets)[Preset]['key'];
	readonly value: string;
}

/** What `turnout config` shows. */
export const additions = (chosen: readonly Preset[]): Addition[] =>
	chosen.map((preset) => ({ preset, ...presets[preset] }));

const valueFor = (chosen: readonly Preset[], of: Addition['key']): string =>
	additions(chosen)
		.filter(({ key }) => key === of)
		.map(({ value }) => value)
		.join(',');

export const withAddresses = (own: readonly Cidr[], chosen: readonly Preset[]): readonly Cidr[] =>
	unique([...own, ...parseCidrs(valueFor(chosen, 'egressIgnoredIps'))], showCidr);

export const withInterfaces = (own: readonly InterfaceName[], chosen: readonly Preset[]): readonly InterfaceName[] =>
	unique([...own, ...parseInterfaces(valueFor(chosen, 'interfacesIgnored'))], String);

/** Of these only those count that the host has. */
export const presetUsers = (chosen: readonly Preset[]): readonly Id[] => parseIds(valueFor(chosen, 'ignoreUids'));

/** The interfaces by which the host reaches other hosts: without them nothing of it would be captured. */
export function refuseUplinks(chosen: readonly Preset[], uplinks: readonly string[]): void {
	const patterns = withInterfaces([], chosen);
	const isIgnored = (name: string) =>
		patterns.some((pattern) => (pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : name === pattern));
	const uplink = uplinks.find(isIgnored);
	if (uplink === undefined) return;
	throw new Failure(
		'config',
		`Cannot use the preset container-networks: a default route of this host leaves by ${uplink}, which has a name as networks of containers have`,
		'Leave the preset out, and name the interfaces of your containers in interfacesIgnored (TURNOUT_IGNORED_INTERFACES)',
	);
}
