import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allSettings, flagOf, nearestKey, strangeVariables } from '../../../src/config/names.ts';

const ENDPOINTS =
	'169.254.169.254,169.254.169.253,169.254.169.123,169.254.170.2,169.254.170.23,fd00:ec2::254,fd00:ec2::253,fd00:ec2::123,fd00:ec2::23';

/** Public names, used in settings files, units and task definitions: a change here breaks users. */
const contract: Readonly<Record<string, readonly [flag: string, variable: string, standard: string]>> = {
	startEnabled: ['start-enabled', 'APPMESH_START_ENABLED', '0'],
	appPorts: ['app-ports', 'APPMESH_APP_PORTS', ''],
	ingressIgnoredPorts: ['ingress-ignored-ports', 'TURNOUT_INGRESS_IGNORED_PORTS', '22'],
	ingressIgnoredIps: ['ingress-ignored-ips', 'TURNOUT_INGRESS_IGNORED_IP', ''],
	ingressPort: ['ingress-port', 'APPMESH_ENVOY_INGRESS_PORT', '15000'],
	egressPort: ['egress-port', 'APPMESH_ENVOY_EGRESS_PORT', '15001'],
	ignoreUids: ['ignore-uids', 'APPMESH_IGNORE_UID', '1337'],
	ignoreGids: ['ignore-gids', 'APPMESH_IGNORE_GID', ''],
	onlyUids: ['only-uids', 'TURNOUT_ONLY_UID', ''],
	onlyGids: ['only-gids', 'TURNOUT_ONLY_GID', ''],
	ignoreUnits: ['ignore-units', 'TURNOUT_IGNORE_UNITS', ''],
	onlyUnits: ['only-units', 'TURNOUT_ONLY_UNITS', ''],
	egressIgnoredIps: ['egress-ignored-ips', 'APPMESH_EGRESS_IGNORED_IP', ENDPOINTS],
	egressIgnoredPorts: ['egress-ignored-ports', 'APPMESH_EGRESS_IGNORED_PORTS', '22'],
	egressOnlyIps: ['egress-only-ips', 'TURNOUT_EGRESS_ONLY_IP', ''],
	egressOnlyPorts: ['egress-only-ports', 'TURNOUT_EGRESS_ONLY_PORTS', ''],
	interfacesIgnored: ['interfaces-ignored', 'TURNOUT_IGNORED_INTERFACES', ''],
	bridges: ['bridges', 'TURNOUT_CAPTURE_BRIDGES', ''],
	presets: ['presets', 'TURNOUT_PRESETS', ''],
	ipv6: ['ipv6', 'APPMESH_ENABLE_IPV6', 'auto'],
	backend: ['backend', 'TURNOUT_BACKEND', 'auto'],
	ingressMode: ['ingress-mode', 'TURNOUT_INGRESS_MODE', 'redirect'],
	ingressKeepClient: ['ingress-keep-client', 'TURNOUT_INGRESS_KEEP_CLIENT', 'envoy'],
	guard: ['guard', 'TURNOUT_GUARD', '1'],
	mark: ['mark', 'TURNOUT_MARK', '0x1e7700ce'],
	routeTable: ['route-table', 'TURNOUT_ROUTE_TABLE', '100'],
	'envoy.runtime': ['envoy-runtime', 'TURNOUT_ENVOY_RUNTIME', 'none'],
	'envoy.image': ['envoy-image', 'TURNOUT_ENVOY_IMAGE', ''],
	'envoy.pull': ['envoy-pull', 'TURNOUT_ENVOY_PULL', 'missing'],
	'envoy.pullStallSeconds': ['envoy-pull-stall-seconds', 'TURNOUT_ENVOY_PULL_STALL_SECONDS', '60'],
	'envoy.name': ['envoy-name', 'TURNOUT_ENVOY_NAME', 'turnout-envoy'],
	'envoy.dockerSocket': ['envoy-docker-socket', 'TURNOUT_DOCKER_SOCKET', '/var/run/docker.sock'],
	'envoy.memoryMegabytes': ['envoy-memory-megabytes', 'TURNOUT_ENVOY_MEMORY', '0'],
	'envoy.openFiles': ['envoy-open-files', 'TURNOUT_ENVOY_OPEN_FILES', '0'],
	'envoy.mounts': ['envoy-mounts', 'TURNOUT_ENVOY_MOUNTS', ''],
	'envoy.logDriver': ['envoy-log-driver', 'TURNOUT_ENVOY_LOG_DRIVER', ''],
	'envoy.logOptions': ['envoy-log-options', 'TURNOUT_ENVOY_LOG_OPTIONS', ''],
	'envoy.command': ['envoy-command', 'TURNOUT_ENVOY_COMMAND', 'envoy'],
	'envoy.config': ['envoy-config', 'TURNOUT_ENVOY_CONFIG', ''],
	'envoy.logLevel': ['envoy-log-level', 'ENVOY_LOG_LEVEL', 'info'],
	'envoy.adminPort': ['envoy-admin-port', 'ENVOY_ADMIN_ACCESS_PORT', '9901'],
	'envoy.drainSeconds': ['envoy-drain-seconds', 'LISTENER_DRAIN_WAIT_TIME_S', '20'],
	'envoy.startSeconds': ['envoy-start-seconds', 'TURNOUT_ENVOY_START_SECONDS', '30'],
	'envoy.stableSeconds': ['envoy-stable-seconds', 'TURNOUT_ENVOY_STABLE_SECONDS', '60'],
	'envoy.healthSeconds': ['envoy-health-seconds', 'TURNOUT_ENVOY_HEALTH_SECONDS', '5'],
	'envoy.healthTimeoutSeconds': ['envoy-health-timeout-seconds', 'TURNOUT_ENVOY_HEALTH_TIMEOUT_SECONDS', '2'],
	'envoy.healthRetries': ['envoy-health-retries', 'TURNOUT_ENVOY_HEALTH_RETRIES', '3'],
	'envoy.graceSeconds': ['envoy-grace-seconds', 'TURNOUT_ENVOY_GRACE_SECONDS', '2'],
	'mesh.node': ['mesh-node', 'APPMESH_VIRTUAL_NODE_NAME', ''],
	'mesh.cluster': ['mesh-cluster', 'APPMESH_VIRTUAL_NODE_CLUSTER', ''],
	'mesh.definitions': ['mesh-definitions', 'TURNOUT_MESH', '/etc/turnout/mesh'],
	'mesh.etcdCa': ['mesh-etcd-ca', 'TURNOUT_ETCD_CA', ''],
	'mesh.etcdCertificate': ['mesh-etcd-certificate', 'TURNOUT_ETCD_CERTIFICATE', ''],
	'mesh.etcdKey': ['mesh-etcd-key', 'TURNOUT_ETCD_KEY', ''],
	'mesh.etcdUser': ['mesh-etcd-user', 'TURNOUT_ETCD_USER', ''],
	'mesh.etcdPasswordFile': ['mesh-etcd-password-file', 'TURNOUT_ETCD_PASSWORD_FILE', ''],
	'mesh.parameters': ['mesh-parameters', 'TURNOUT_MESH_PARAMETERS', ''],
	onEnvoyFailure: ['on-envoy-failure', 'TURNOUT_ON_ENVOY_FAILURE', 'closed'],
	onStop: ['on-stop', 'TURNOUT_ON_STOP', 'disable'],
	socket: ['socket', 'TURNOUT_SOCKET', '/run/turnout/control.sock'],
	stateDirectory: ['state-directory', 'TURNOUT_STATE_DIRECTORY', '/var/lib/turnout'],
	logLevel: ['log-level', 'TURNOUT_LOG_LEVEL', 'info'],
};

test('every setting keeps its flag, variable and default', () => {
	const present = [...allSettings].map(([key, { variable, default: standard }]) => {
		return [key, [flagOf(key), variable, standard]] as const;
	});
	assert.deepEqual(Object.fromEntries(present), contract);
});

test('flags and variables are unique, and no flag is also an option of a command', () => {
	const flags = [...allSettings.keys()].map(flagOf);
	const variables = [...allSettings.values()].map(({ variable }) => variable);
	assert.equal(new Set(flags).size, allSettings.size);
	assert.equal(new Set(variables).size, allSettings.size);
	for (const flag of flags) assert.match(flag, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
	for (const option of ['json', 'help', 'config', 'no-prompt', 'family']) assert.ok(!flags.includes(option), option);
});

test('every setting has a description, allowed values and a valid default', () => {
	for (const [key, { doc, allowed, default: standard, parse }] of allSettings) {
		assert.ok(doc.length > 10 && allowed.length > 5, key);
		assert.doesNotThrow(() => parse(standard), key);
	}
});

test('a misspelt key gets a suggestion', () => {
	for (const [wrong, right] of [
		['appPort', 'appPorts'],
		['app_ports', 'appPorts'],
		['APPPORTS', 'appPorts'],
		['ignoreUid', 'ignoreUids'],
		['envoy.adminport', 'envoy.adminPort'],
		['egressIgnoredIp', 'egressIgnoredIps'],
		['logLvel', 'logLevel'],
	] as const)
		assert.equal(nearestKey(wrong), right);
});

test('a misspelt variable gets a suggestion', () => {
	for (const [wrong, right] of [
		['TURNOUT_BACKENDS', 'TURNOUT_BACKEND'],
		['TURNOUT_INGRES_IGNORED_PORTS', 'TURNOUT_INGRESS_IGNORED_PORTS'],
		['APPMESH_APP_PORT', 'APPMESH_APP_PORTS'],
		['APPMESH_IGNORE_UIDS', 'APPMESH_IGNORE_UID'],
		['APPMESH_EGRESS_IGNORED_IPS', 'APPMESH_EGRESS_IGNORED_IP'],
		['APPMESH_START_ENABLE', 'APPMESH_START_ENABLED'],
		['APPMESH_ENABLE_IPV4', 'APPMESH_ENABLE_IPV6'],
	] as const)
		assert.deepEqual(strangeVariables([wrong]), [{ name: wrong, nearest: right }]);
});

test('other TURNOUT_ variables are unknown; those of Envoy and of other programs are accepted', () => {
	assert.deepEqual(
		strangeVariables(['TURNOUT_SOMETHING_ELSE', 'TURNOUT_']).map(({ name }) => name),
		['TURNOUT_SOMETHING_ELSE', 'TURNOUT_'],
	);
	const others = ['APPMESH_VIRTUAL_NODE_NAME', 'APPMESH_RESOURCE_ARN', 'APPMESH_METRIC_EXTENSION_VERSION'];
	assert.deepEqual(strangeVariables([...others, 'PATH', 'turnout_backend', 'MY_TURNOUT_X', 'ENVOY_LOG_LEVELS']), []);
});
