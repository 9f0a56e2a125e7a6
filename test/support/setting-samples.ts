import { type Loaded, readConfig } from '../../src/config/merge-sources.ts';
import { parseSettingsFile } from '../../src/config/yaml.ts';
import { Failure } from '../../src/failure.ts';

/** Of each setting three texts that are allowed, for a file, a variable and a flag; different ones where it has as many. */
export const samples: Readonly<Record<string, readonly [string, string, string]>> = {
	startEnabled: ['1', 'true', '0'],
	appPorts: ['8080', '9000-9100', '*'],
	ingressIgnoredPorts: ['2222', '22,80', '5000-5005'],
	ingressIgnoredIps: ['10.0.0.0/8', 'fd00::/8', '192.0.2.1'],
	ingressPort: ['16000', '16001', '16002'],
	egressPort: ['17000', '17001', '17002'],
	ignoreUids: ['1000', 'envoy', '1000-1999'],
	ignoreGids: ['1000', 'envoy', '1000-1999'],
	onlyUids: ['1000', 'www-data', '1000-1999'],
	onlyGids: ['1000', 'www-data', '1000-1999'],
	ignoreUnits: ['docker.service', '/system.slice/docker.service', 'system-getty.slice,getty@tty1.service'],
	onlyUnits: ['shop.service', '/shop.slice', 'shop.slice,session-1.scope'],
	egressIgnoredIps: ['10.0.0.0/8', 'fd00::/8', '192.0.2.1'],
	egressIgnoredPorts: ['25', '22,80', '5000-5005'],
	egressOnlyIps: ['10.0.0.0/8', 'fd00::/8', '192.0.2.1'],
	egressOnlyPorts: ['443', '80,443', '5000-5005'],
	interfacesIgnored: ['wg0', 'tun+', 'eth1,eth2'],
	bridges: ['docker0', 'br-+', 'docker0,br-+'],
	presets: ['aws-endpoints', 'container-networks', 'host-agents,aws-endpoints'],
	ipv6: ['1', '0', 'auto'],
	backend: ['iptables-nft', 'iptables-legacy', 'auto'],
	ingressMode: ['tproxy', 'redirect', 'tproxy'],
	ingressKeepClient: ['application', 'envoy', 'application'],
	guard: ['0', 'false', '1'],
	mark: ['0x10', '17', '0xffffffff'],
	routeTable: ['200', '0x100', '4000'],
	'envoy.runtime': ['process', 'none', 'process'],
	'envoy.image': ['envoy:1', 'envoy:2', `registry:5000/a/envoy@sha256:${'0'.repeat(64)}`],
	'envoy.pull': ['always', 'never', 'missing'],
	'envoy.pullStallSeconds': ['1', '3600', '10'],
	'envoy.name': ['envoy', 'mesh-envoy.1', 'Envoy_2'],
	'envoy.dockerSocket': ['/run/docker.sock', '/run/a folder/docker.sock', '/run/user/1000/docker.sock'],
	'envoy.memoryMegabytes': ['512', '1048576', '0'],
	'envoy.openFiles': ['1024', '1048576', '0'],
	'envoy.mounts': ['', '/etc/envoy/tls', '/etc/envoy/tls,/run/agent.sock'],
	'envoy.logDriver': ['journald', 'awslogs', 'json-file'],
	'envoy.logOptions': ['', 'max-size=10m', 'max-size=10m,tag={{.Name}}'],
	'envoy.command': ['/opt/envoy', 'envoy-1.40', '/opt/my envoy'],
	'envoy.config': ['/etc/a.json', '/etc/b.yaml', '/etc/a folder/c.yaml'],
	'envoy.logLevel': ['debug', 'warning', 'off'],
	'envoy.adminPort': ['18000', '18001', '18002'],
	'envoy.drainSeconds': ['5', '110', '30'],
	'envoy.startSeconds': ['1', '600', '60'],
	'envoy.stableSeconds': ['1', '3600', '10'],
	'envoy.healthSeconds': ['1', '600', '10'],
	'envoy.healthTimeoutSeconds': ['1', '60', '5'],
	'envoy.healthRetries': ['1', '100', '10'],
	'envoy.graceSeconds': ['0', '600', '10'],
	'mesh.node': ['mesh/simpleapp/virtualNode/serviceA', 'simpleapp/serviceB', 'mesh/simpleapp/virtualGateway/door'],
	'mesh.cluster': ['front', 'serviceA', 'a cluster'],
	'mesh.definitions': ['/srv/mesh', 'etcd://a:2379,[fd00::1]/turnout', '/srv/a folder'],
	'mesh.etcdCa': ['/etc/etcd/ca.pem', '/srv/ca.pem', '/srv/a folder/ca.pem'],
	'mesh.etcdCertificate': ['/etc/etcd/host.pem', '/srv/host.pem', '/srv/a folder/host.pem'],
	'mesh.etcdKey': ['/etc/etcd/host.key', '/srv/host.key', '/srv/a folder/host.key'],
	'mesh.etcdUser': ['host', 'turnout', 'a user'],
	'mesh.etcdPasswordFile': ['/etc/etcd/password', '/srv/password', '/srv/a folder/password'],
	'mesh.parameters': ['', 'Domain=local', 'Domain=local,Stage=prod'],
	onEnvoyFailure: ['open', 'closed', 'open'],
	onStop: ['keep', 'disable', 'keep'],
	socket: ['/run/a.sock', '/run/b.sock', '/run/a folder/c.sock'],
	stateDirectory: ['/var/a', '/var/b', '/var/a folder'],
	logLevel: ['debug', 'warn', 'error'],
};

export interface Layers {
	/** YAML, as it would stand in turnout.yaml. */
	readonly file?: string;
	readonly env?: Readonly<Record<string, string>>;
	readonly flags?: Readonly<Record<string, string>>;
	readonly whyNoFile?: (path: string) => string | undefined;
	readonly mistakesInFiles?: (variables: Readonly<Record<string, string>>) => readonly string[];
}

export const readLayers = ({ file = '', env = {}, flags = {}, whyNoFile = () => undefined, ...more }: Layers): Loaded =>
	readConfig({ env, file: parseSettingsFile(file, 'turnout.yaml'), flags, whyNoFile, ...more });

/** Each mistake that the settings are refused for; none where they are accepted. */
export function mistakesIn(layers: Layers): string[] {
	try {
		readLayers(layers);
		return [];
	} catch (error) {
		if (!(error instanceof Failure) || error.code !== 'config') throw error;
		const [head = '', ...lines] = error.message.split('\n  ');
		const count = lines.length === 1 ? '1 mistake' : `${lines.length} mistakes`;
		if (head !== `Cannot use the settings: ${count}:`) throw error;
		return lines;
	}
}
