import { dialects } from '../values/dialects.ts';
import { DEFAULT_ROUTING } from '../values/mark-and-table.ts';
import { forgiving, logLevel } from './aws-formats.ts';
import {
	absolutePath,
	alsoNamed,
	choice,
	cidrs,
	cidrsAnd,
	containerName,
	definitions,
	flag,
	ids,
	imageName,
	interfaces,
	meshNode,
	optionalPath,
	pairs,
	paths,
	port,
	ports,
	portsAnd,
	portsOrAll,
	presets,
	socketPath,
	text,
	units,
	type Values,
	whole,
} from './formats.ts';
import { DEFAULT_DEFINITIONS, DEFAULT_SOCKET, DEFAULT_STATE_DIRECTORY, DOCKER_SOCKET } from './paths.ts';
import { AWS_ENDPOINTS } from './presets.ts';

/** A packet from a link-local address that is redirected to the loopback, where Envoy listens, cannot be answered. */
const LINK_LOCAL = 'fe80::/10';

/** Every setting of turnout: the source of help, tables, sample file, JSON schema and errors. */
export const settings = {
	startEnabled: flag(
		'APPMESH_START_ENABLED',
		'0',
		'Enable interception as soon as Envoy is LIVE; 0: the last `enable` or `disable` holds across restarts',
	),
	appPorts: portsOrAll('APPMESH_APP_PORTS', '', 'Inbound ports that are redirected to Envoy; none: outbound only'),
	ingressIgnoredPorts: ports('TURNOUT_INGRESS_IGNORED_PORTS', '22', 'Inbound ports that are never captured'),
	ingressIgnoredIps: cidrs(
		'TURNOUT_INGRESS_IGNORED_IP',
		'',
		'Sources that are never captured (health checkers, scrapers)',
	),
	ingressPort: port('APPMESH_ENVOY_INGRESS_PORT', '15000', "Envoy's inbound listener"),
	egressPort: port('APPMESH_ENVOY_EGRESS_PORT', '15001', "Envoy's outbound listener"),
	ignoreUids: ids('APPMESH_IGNORE_UID', '1337', "Users whose traffic is never captured; must include Envoy's user"),
	ignoreGids: ids('APPMESH_IGNORE_GID', '', 'Groups whose traffic is never captured'),
	onlyUids: ids('TURNOUT_ONLY_UID', '', 'Capture the traffic of these users only; none: of all users'),
	onlyGids: ids('TURNOUT_ONLY_GID', '', 'Capture the traffic of these groups only; none: of all groups'),
	ignoreUnits: units(
		'TURNOUT_IGNORE_UNITS',
		'',
		'Units of systemd and cgroups whose outbound traffic is never captured: docker.service',
	),
	onlyUnits: units('TURNOUT_ONLY_UNITS', '', 'Capture the traffic of these units and cgroups only; none: of all'),
	egressIgnoredIps: cidrsAnd(LINK_LOCAL)(
		'APPMESH_EGRESS_IGNORED_IP',
		AWS_ENDPOINTS,
		'Destinations that are never captured; fe80::/10 is always included',
	),
	egressIgnoredPorts: portsAnd(22)(
		'APPMESH_EGRESS_IGNORED_PORTS',
		'22',
		'Outbound ports that are never captured; 22 is always included',
	),
	egressOnlyIps: cidrs('TURNOUT_EGRESS_ONLY_IP', '', 'Capture traffic to these destinations only; none: to all'),
	egressOnlyPorts: ports('TURNOUT_EGRESS_ONLY_PORTS', '', 'Capture traffic to these ports only; none: to all'),
	interfacesIgnored: interfaces('TURNOUT_IGNORED_INTERFACES', '', 'Interfaces whose traffic is never captured'),
	bridges: interfaces(
		'TURNOUT_CAPTURE_BRIDGES',
		'',
		'Also capture the traffic of containers on these bridges: docker0,br-+',
	),
	presets: presets(
		'TURNOUT_PRESETS',
		'',
		"More that is never captured: AWS's link-local services, the host's own agents, networks of containers",
	),
	ipv6: choice(['auto', '1', '0'])(
		'APPMESH_ENABLE_IPV6',
		'auto',
		'Capture IPv6 too; auto: if the host has an IPv6 address and Envoy listens on IPv6',
	),
	backend: choice(['auto', ...dialects])(
		'TURNOUT_BACKEND',
		'auto',
		'The firewall backend; auto: the one that already holds rules, else iptables-nft, nft, iptables-legacy',
	),
	ingressMode: choice(['redirect', 'tproxy'])(
		'TURNOUT_INGRESS_MODE',
		'redirect',
		'How inbound connections reach Envoy; tproxy: with their addresses as they are, on a transparent listener',
	),
	ingressKeepClient: choice(['envoy', 'application'])(
		'TURNOUT_INGRESS_KEEP_CLIENT',
		'envoy',
		"Who sees the client's address of inbound connections; application: Envoy connects to the application from it",
	),
	guard: flag('TURNOUT_GUARD', '1', "Drop connections of remote hosts to Envoy's own listener ports"),
	mark: whole(1, 0xffff_ffff, 'a packet mark')(
		'TURNOUT_MARK',
		`0x${DEFAULT_ROUTING.mark.toString(16)}`,
		"The packet mark that selects our route table; AWS's script uses the same",
	),
	routeTable: whole(1, 0xffff_ffff, 'a route table')(
		'TURNOUT_ROUTE_TABLE',
		String(DEFAULT_ROUTING.routeTable),
		'Our route table',
	),
	envoy: {
		runtime: choice(['none', 'process', 'docker'])(
			'TURNOUT_ENVOY_RUNTIME',
			'none',
			'Who runs Envoy: turnout, as a process or in Docker, or another program (none)',
		),
		image: imageName('TURNOUT_ENVOY_IMAGE', '', "Envoy's image, with the docker runtime"),
		pull: choice(['missing', 'always', 'never'])('TURNOUT_ENVOY_PULL', 'missing', 'When the image is pulled'),
		pullStallSeconds: whole(1, 3_600, 'seconds')(
			'TURNOUT_ENVOY_PULL_STALL_SECONDS',
			'60',
			'How long a pull may make no progress before it is retried',
		),
		name: containerName('TURNOUT_ENVOY_NAME', 'turnout-envoy', "The name of Envoy's container"),
		dockerSocket: socketPath('TURNOUT_DOCKER_SOCKET', DOCKER_SOCKET, "Docker's socket"),
		memoryMegabytes: whole(0, 1_048_576, 'megabytes')(
			'TURNOUT_ENVOY_MEMORY',
			'0',
			"Memory limit of Envoy's container; 0: no limit",
		),
		openFiles: whole(0, 1_048_576, 'files')(
			'TURNOUT_ENVOY_OPEN_FILES',
			'0',
			"Limit of open files, connections included, of Envoy's container; 0: Docker's default",
		),
		mounts: paths(
			'TURNOUT_ENVOY_MOUNTS',
			'',
			"Files and directories mounted read-only into Envoy's container at the same paths: certificates, sockets",
		),
		logDriver: text('TURNOUT_ENVOY_LOG_DRIVER', '', "The log driver of Envoy's container; none: Docker's default"),
		logOptions: pairs('TURNOUT_ENVOY_LOG_OPTIONS', '', "Options of the log driver of Envoy's container"),
		command: text('TURNOUT_ENVOY_COMMAND', 'envoy', "Envoy's program, on this host or in the image"),
		config: optionalPath('TURNOUT_ENVOY_CONFIG', '', 'Your own bootstrap; none: turnout makes a pass-through one'),
		logLevel: logLevel('ENVOY_LOG_LEVEL', 'info', "Envoy's log level"),
		adminPort: port(
			'ENVOY_ADMIN_ACCESS_PORT',
			'9901',
			"Port on 127.0.0.1 where all users may read Envoy's admin interface",
		),
		drainSeconds: forgiving(
			whole(5, 110, 'seconds')(
				'LISTENER_DRAIN_WAIT_TIME_S',
				'20',
				'How long open connections may drain before Envoy is stopped',
			),
		),
		startSeconds: whole(1, 600, 'seconds')(
			'TURNOUT_ENVOY_START_SECONDS',
			'30',
			'How long Envoy may take to become LIVE before the start counts as failed',
		),
		stableSeconds: whole(1, 3_600, 'seconds')(
			'TURNOUT_ENVOY_STABLE_SECONDS',
			'60',
			'Restarts back off from 250 ms to 30 s; the back-off resets after Envoy has run this long',
		),
		healthSeconds: whole(1, 600, 'seconds')('TURNOUT_ENVOY_HEALTH_SECONDS', '5', 'Interval of health checks'),
		healthTimeoutSeconds: whole(1, 60, 'seconds')(
			'TURNOUT_ENVOY_HEALTH_TIMEOUT_SECONDS',
			'2',
			'Timeout of a health check',
		),
		healthRetries: whole(1, 100, 'answers')(
			'TURNOUT_ENVOY_HEALTH_RETRIES',
			'3',
			'Envoy is restarted after this many failed health checks in a row',
		),
		graceSeconds: whole(0, 600, 'seconds')(
			'TURNOUT_ENVOY_GRACE_SECONDS',
			'2',
			'How long Envoy may be down before the rules are lifted, with onEnvoyFailure: open',
		),
	},
	mesh: {
		node: alsoNamed(
			['APPMESH_RESOURCE_ARN', 'APPMESH_RESOURCE_NAME'],
			meshNode(
				'APPMESH_VIRTUAL_NODE_NAME',
				'',
				'Which virtual node this host is; with definitions there, Envoy is configured from the mesh',
			),
		),
		cluster: alsoNamed(
			['APPMESH_RESOURCE_CLUSTER'],
			text('APPMESH_VIRTUAL_NODE_CLUSTER', '', "Envoy's name in statistics and traces; none: the node's"),
		),
		definitions: definitions(
			'TURNOUT_MESH',
			DEFAULT_DEFINITIONS,
			'Files and folders of App Mesh definitions, or an etcd that many hosts share; watched: what is saved takes hold at once',
		),
		etcdCa: optionalPath(
			'TURNOUT_ETCD_CA',
			'',
			"Who signed etcd's certificates (PEM); none: it is spoken to without TLS",
		),
		etcdCertificate: optionalPath('TURNOUT_ETCD_CERTIFICATE', '', 'Our certificate for etcd (PEM)'),
		etcdKey: optionalPath('TURNOUT_ETCD_KEY', '', 'Its private key (PEM), in a file of mode 600'),
		etcdUser: text('TURNOUT_ETCD_USER', '', 'Our user in etcd; none: it knows us by the certificate, or has no users'),
		etcdPasswordFile: optionalPath('TURNOUT_ETCD_PASSWORD_FILE', '', "The user's password, in a file of mode 600"),
		parameters: pairs('TURNOUT_MESH_PARAMETERS', '', 'Values for the parameters and templates of the definitions'),
	},
	onEnvoyFailure: choice(['closed', 'open'])(
		'TURNOUT_ON_ENVOY_FAILURE',
		'closed',
		'closed: captured connections fail while Envoy is down; open: the rules are lifted until it is back',
	),
	onStop: choice(['disable', 'keep'])('TURNOUT_ON_STOP', 'disable', 'keep: the rules stay when the daemon stops'),
	socket: socketPath('TURNOUT_SOCKET', DEFAULT_SOCKET, 'The control socket'),
	stateDirectory: absolutePath(
		'TURNOUT_STATE_DIRECTORY',
		DEFAULT_STATE_DIRECTORY,
		"Directory for state that survives restarts: the last `enable` or `disable`, the chosen backend, Envoy's bootstrap",
	),
	logLevel: choice(['debug', 'info', 'warn', 'error'])(
		'TURNOUT_LOG_LEVEL',
		'info',
		'The least severe level that is logged to standard error',
	),
};

/** All settings, read and checked. Features declare the part that they need; this satisfies them structurally. */
export type Config = Values<typeof settings>;
