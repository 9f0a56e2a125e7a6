import { LOCAL_TABLE, PACKET_MARK } from '../values/units.ts';
import { forgiving, logLevel } from './aws-formats.ts';
import {
	absolutePath,
	choice,
	cidrs,
	cidrsAnd,
	containerName,
	flag,
	ids,
	imageName,
	interfaces,
	optionalPath,
	pairs,
	paths,
	port,
	ports,
	portsAnd,
	portsOrAll,
	socketPath,
	text,
	type Values,
	whole,
} from './formats.ts';
import { DEFAULT_SOCKET, DEFAULT_STATE_DIRECTORY, DOCKER_SOCKET } from './paths.ts';

/** Services that a cloud host reaches by link-local addresses and that a proxy would break. */
const SERVICE_ENDPOINTS = [
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

/** What comes from a link's address to the loopback, where Envoy listens, cannot be answered from there. */
const LINK_LOCAL = 'fe80::/10';

/** Every setting of turnout. Help, tables, sample file, JSON schema and errors are made from this. */
export const settings = {
	startEnabled: flag(
		'APPMESH_START_ENABLED',
		'0',
		'Enable as soon as Envoy is LIVE. Without it the last wish (enable, disable) holds across restarts',
	),
	appPorts: portsOrAll('APPMESH_APP_PORTS', '', 'Inbound ports that enter through Envoy; none: outbound only'),
	ingressIgnoredPorts: ports('TURNOUT_INGRESS_IGNORED_PORTS', '22', 'Inbound ports that are never captured'),
	ingressIgnoredIps: cidrs(
		'TURNOUT_INGRESS_IGNORED_IP',
		'',
		'Sources that are never captured (health checkers, scrapers)',
	),
	ingressPort: port('APPMESH_ENVOY_INGRESS_PORT', '15000', "Envoy's inbound listener"),
	egressPort: port('APPMESH_ENVOY_EGRESS_PORT', '15001', "Envoy's outbound listener"),
	ignoreUids: ids(
		'APPMESH_IGNORE_UID',
		'1337',
		"Users whose traffic is never captured; Envoy's own must be among them",
	),
	ignoreGids: ids('APPMESH_IGNORE_GID', '', 'Groups whose traffic is never captured'),
	onlyUids: ids('TURNOUT_ONLY_UID', '', 'Capture the traffic of these users only; none: of all'),
	onlyGids: ids('TURNOUT_ONLY_GID', '', 'Capture the traffic of these groups only; none: of all'),
	egressIgnoredIps: cidrsAnd(LINK_LOCAL)(
		'APPMESH_EGRESS_IGNORED_IP',
		SERVICE_ENDPOINTS,
		'Destinations that are never captured; fe80::/10 always is among them',
	),
	egressIgnoredPorts: portsAnd(22)(
		'APPMESH_EGRESS_IGNORED_PORTS',
		'22',
		'Outbound ports that are never captured; 22 always is among them',
	),
	egressOnlyIps: cidrs('TURNOUT_EGRESS_ONLY_IP', '', 'Capture traffic to these only; none: to all'),
	egressOnlyPorts: ports('TURNOUT_EGRESS_ONLY_PORTS', '', 'Capture traffic to these ports only; none: to all'),
	interfacesIgnored: interfaces('TURNOUT_IGNORED_INTERFACES', '', 'Interfaces whose traffic is never captured'),
	bridges: interfaces('TURNOUT_CAPTURE_BRIDGES', '', 'Bridges whose containers are captured too: docker0,br-+'),
	ipv6: choice(['auto', '1', '0'])(
		'APPMESH_ENABLE_IPV6',
		'auto',
		'Capture IPv6 too; auto: where the host has an IPv6 address and Envoy listens on IPv6',
	),
	backend: choice(['auto', 'iptables-nft', 'iptables-legacy', 'nft'])(
		'TURNOUT_BACKEND',
		'auto',
		'The firewall dialect; auto: the one that holds rules already, else iptables-nft',
	),
	ingressMode: choice(['redirect', 'tproxy'])('TURNOUT_INGRESS_MODE', 'redirect', 'How inbound traffic reaches Envoy'),
	guard: flag('TURNOUT_GUARD', '1', "Remote hosts may not dial Envoy's own listener ports"),
	mark: whole(1, 0xffff_ffff, 'a packet mark')(
		'TURNOUT_MARK',
		`0x${PACKET_MARK.toString(16)}`,
		"The packet mark that leads to our route table; AWS's own script uses the same",
	),
	routeTable: whole(1, 0xffff_ffff, 'a route table')('TURNOUT_ROUTE_TABLE', String(LOCAL_TABLE), 'Our route table'),
	envoy: {
		runtime: choice(['none', 'process', 'docker'])(
			'TURNOUT_ENVOY_RUNTIME',
			'none',
			'Who runs Envoy: we as a process, we in Docker, or someone else',
		),
		image: imageName('TURNOUT_ENVOY_IMAGE', '', "Envoy's image, with the docker runtime"),
		pull: choice(['missing', 'always', 'never'])('TURNOUT_ENVOY_PULL', 'missing', 'When the image is pulled'),
		pullStallSeconds: whole(1, 3_600, 'seconds')(
			'TURNOUT_ENVOY_PULL_STALL_SECONDS',
			'60',
			'How long a pull may go on without any progress before it is tried again',
		),
		name: containerName('TURNOUT_ENVOY_NAME', 'turnout-envoy', "The name of Envoy's container"),
		dockerSocket: socketPath('TURNOUT_DOCKER_SOCKET', DOCKER_SOCKET, "Docker's socket"),
		memoryMegabytes: whole(0, 1_048_576, 'megabytes')(
			'TURNOUT_ENVOY_MEMORY',
			'0',
			"The memory that Envoy's container may use; 0: all",
		),
		openFiles: whole(0, 1_048_576, 'files')(
			'TURNOUT_ENVOY_OPEN_FILES',
			'0',
			"How many files and connections Envoy's container may have open; 0: as many as Docker gives",
		),
		mounts: paths(
			'TURNOUT_ENVOY_MOUNTS',
			'',
			"Files and folders that Envoy's container finds at the same paths, read-only: certificates, sockets",
		),
		logDriver: text('TURNOUT_ENVOY_LOG_DRIVER', '', "The log driver of Envoy's container; none: Docker's own"),
		logOptions: pairs('TURNOUT_ENVOY_LOG_OPTIONS', '', "Options for the log driver of Envoy's container"),
		command: text('TURNOUT_ENVOY_COMMAND', 'envoy', "Envoy's program, of this host or in the image"),
		config: optionalPath('TURNOUT_ENVOY_CONFIG', '', 'A bootstrap of your own; none: a pass-through one is made'),
		logLevel: logLevel('ENVOY_LOG_LEVEL', 'info', "What Envoy's log tells"),
		adminPort: port('ENVOY_ADMIN_ACCESS_PORT', '9901', "Where on 127.0.0.1 everybody may read Envoy's admin interface"),
		drainSeconds: forgiving(
			whole(5, 110, 'seconds')(
				'LISTENER_DRAIN_WAIT_TIME_S',
				'20',
				'How long connections may take to end before Envoy is stopped',
			),
		),
		startSeconds: whole(1, 600, 'seconds')(
			'TURNOUT_ENVOY_START_SECONDS',
			'30',
			'How long Envoy may take to become LIVE before the start is given up',
		),
		stableSeconds: whole(1, 3_600, 'seconds')(
			'TURNOUT_ENVOY_STABLE_SECONDS',
			'60',
			'The pauses between restarts double from 250 ms to 30 s, and begin anew after Envoy has lived so long',
		),
		healthSeconds: whole(1, 600, 'seconds')('TURNOUT_ENVOY_HEALTH_SECONDS', '5', 'How often Envoy is asked how it is'),
		healthTimeoutSeconds: whole(1, 60, 'seconds')(
			'TURNOUT_ENVOY_HEALTH_TIMEOUT_SECONDS',
			'2',
			'How long its answer may take',
		),
		healthRetries: whole(1, 100, 'answers')(
			'TURNOUT_ENVOY_HEALTH_RETRIES',
			'3',
			'After so many answers in a row that did not come Envoy is started anew',
		),
		graceSeconds: whole(0, 600, 'seconds')(
			'TURNOUT_ENVOY_GRACE_SECONDS',
			'2',
			'How long Envoy may be away before the rules are lifted, with onEnvoyFailure: open',
		),
	},
	onEnvoyFailure: choice(['closed', 'open'])(
		'TURNOUT_ON_ENVOY_FAILURE',
		'closed',
		'closed: captured connections fail while Envoy is away; open: the rules are lifted',
	),
	onStop: choice(['disable', 'keep'])('TURNOUT_ON_STOP', 'disable', 'keep: the rules stay when the daemon stops'),
	socket: socketPath('TURNOUT_SOCKET', DEFAULT_SOCKET, 'The control socket'),
	stateDirectory: absolutePath(
		'TURNOUT_STATE_DIRECTORY',
		DEFAULT_STATE_DIRECTORY,
		"The last wish, the backend chosen, Envoy's bootstrap",
	),
	logLevel: choice(['debug', 'info', 'warn', 'error'])(
		'TURNOUT_LOG_LEVEL',
		'info',
		'What is written to standard error',
	),
};

/** All settings, read and checked. Features declare the part that they need; this satisfies them structurally. */
export type Config = Values<typeof settings>;
