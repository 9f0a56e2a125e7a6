import { Failure } from '../failure.ts';
import { quote } from '../lib/escape.ts';
import { type Cidr, parseCidrs, showCidr } from '../values/cidr.ts';
import { parseUnits, type Unit } from '../values/unit-name.ts';
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

/** Agents of the host that have a user of their own. */
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

/** Those that run as root are known by their units. */
const AGENT_UNITS = [
	'amazon-ssm-agent.service',
	'snap.amazon-ssm-agent.amazon-ssm-agent.service', // as Ubuntu's images have it
	'amazon-cloudwatch-agent.service',
	'awslogsd.service', // CloudWatch Logs agent
	'codedeploy-agent.service',
	'ecs.service', // ECS agent
	'docker.service', // pulls images
	'containerd.service',
	'kubelet.service',
	'snapd.service',
	'apt-daily.service',
	'apt-daily-upgrade.service',
	'unattended-upgrades.service',
	'packagekit.service',
	'dnf-makecache.service',
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

/** What each preset adds, in the words of the settings that it adds to. */
const presets = {
	'aws-endpoints': { egressIgnoredIps: AWS_ENDPOINTS },
	'container-networks': { interfacesIgnored: CONTAINER_INTERFACES },
	'host-agents': { ignoreUids: AGENTS, ignoreUnits: AGENT_UNITS },
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
	readonly key: 'egressIgnoredIps' | 'interfacesIgnored' | 'ignoreUids' | 'ignoreUnits';
	readonly value: string;
}

/** What `turnout config` shows. */
export const additions = (chosen: readonly Preset[]): Addition[] =>
	chosen.flatMap((preset) =>
		(Object.entries(presets[preset]) as [Addition['key'], string][]).map(([key, value]) => ({ preset, key, value })),
	);

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

/** The same of units, of which those count that are there. */
export const withUnits = (own: readonly Unit[], chosen: readonly Preset[]): readonly Unit[] =>
	unique([...own, ...parseUnits(valueFor(chosen, 'ignoreUnits'))], String);

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
