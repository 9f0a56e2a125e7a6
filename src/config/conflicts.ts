import { isEtcd } from '../values/etcd-address.ts';
import { LONGEST_SOCKET_PATH } from '../values/socket-path.ts';
import { holdsPort, type Port, type PortRange } from '../values/units.ts';
import { withUnits } from './presets.ts';
import type { Config } from './schema.ts';

type Named = (key: string) => string;
type Check = (config: Config, named: Named) => string | undefined | false;

/** Checks across settings: one sentence for each combination that is not allowed. */
export function conflicts(config: Config, named: Named): string[] {
	return checks.map((check) => check(config, named)).filter((mistake) => typeof mistake === 'string');
}

/** Envoy's admin socket appends `.envoy/01234567/admin` to ours. */
const LONGEST_BESIDE_ENVOY = LONGEST_SOCKET_PATH - 21;

const checks: readonly Check[] = [
	({ ignoreUids, ignoreGids }, named) =>
		ignoreUids.length + ignoreGids.length === 0 &&
		`${named('ignoreUids')}: neither a user nor a group is ignored, so Envoy's own traffic would be redirected back to Envoy in a loop; allowed: at least one of ignoreUids and ignoreGids`,
	(config, named) => sharedPorts(config, named, 'ingressPort', config.ingressPort, 'egressPort', config.egressPort),
	(config, named) =>
		sharedPorts(config, named, 'ingressPort', config.ingressPort, 'envoy.adminPort', config.envoy.adminPort),
	(config, named) =>
		sharedPorts(config, named, 'egressPort', config.egressPort, 'envoy.adminPort', config.envoy.adminPort),
	(config, named) => {
		const own = {
			ingressPort: config.ingressPort,
			egressPort: config.egressPort,
			'envoy.adminPort': config.envoy.adminPort,
		};
		const taken = Object.entries(own).filter(([, port]) => isAppPort(config, port));
		return (
			taken.length > 0 &&
			`${named('appPorts')}: ${taken.map(([key, port]) => `${port} is ${key}, one of Envoy's own ports`).join(', ')}; allowed: ports that Envoy does not listen on`
		);
	},
	ignoredAppPort,
	({ ignoreUnits, onlyUnits, presets }, named) => {
		const ignored = withUnits(ignoreUnits, presets);
		const both = onlyUnits.filter((unit) => ignored.includes(unit));
		return (
			both.length > 0 &&
			`${named('onlyUnits')}: ${both.join(', ')} ${both.length === 1 ? 'is' : 'are'} ignored too, by ${named('ignoreUnits')} or ${named('presets')}; allowed: units that are not ignored`
		);
	},
	({ ingressMode, ingressKeepClient, envoy, ignoreGids }, named) =>
		(ingressMode === 'tproxy' || ingressKeepClient === 'application') &&
		envoy.runtime === 'docker' &&
		ignoreGids.length === 0 &&
		`${named('ignoreGids')}: it is empty, and with ${ingressMode === 'tproxy' ? 'ingressMode tproxy' : 'ingressKeepClient application'} Envoy's container runs as user 0, as Docker gives capabilities to no other user, and is known by its group; allowed: a group that is Envoy's alone, such as 1337`,
	({ presets, bridges }, named) =>
		presets.includes('container-networks') &&
		bridges.length > 0 &&
		`${named('presets')}: container-networks leaves out what bridges captures (${named('bridges')}); allowed: one of the two`,
	({ envoy }, named) =>
		envoy.runtime === 'docker' && envoy.image === '' && `${named('envoy.image')}: it is empty; allowed: an image`,
	({ envoy }, named) =>
		envoy.runtime === 'process' && envoy.command === '' && `${named('envoy.command')}: it is empty; allowed: a program`,
	({ envoy, socket }, named) =>
		envoy.runtime !== 'none' &&
		Buffer.byteLength(socket) > LONGEST_BESIDE_ENVOY &&
		`${named('socket')}: it is too long, as Envoy's admin socket is in a directory beside it; allowed: an absolute path of at most ${LONGEST_BESIDE_ENVOY} bytes`,
	({ envoy, onStop }, named) =>
		envoy.runtime === 'process' &&
		onStop === 'keep' &&
		`${named('onStop')}: keep is not supported yet while envoy.runtime is process; allowed: disable`,
	({ mesh }, named) =>
		mesh.definitions.some(isEtcd) &&
		(mesh.etcdCertificate === '') !== (mesh.etcdKey === '') &&
		`${named('mesh.etcdKey')}: ${named('mesh.etcdCertificate')} and it belong together; allowed: both, or none`,
	({ mesh }, named) =>
		mesh.definitions.some(isEtcd) &&
		mesh.etcdCertificate !== '' &&
		mesh.etcdCa === '' &&
		`${named('mesh.etcdCa')}: it is empty, so that nobody is spoken to with TLS and shown ${named('mesh.etcdCertificate')}; allowed: who signed etcd's certificates`,
	({ mesh }, named) =>
		mesh.definitions.some(isEtcd) &&
		(mesh.etcdUser === '') !== (mesh.etcdPasswordFile === '') &&
		`${named('mesh.etcdPasswordFile')}: ${named('mesh.etcdUser')} and it belong together; allowed: both, or none`,
	({ routeTable }, named) =>
		[253, 254, 255].includes(routeTable) &&
		`${named('routeTable')}: ${routeTable} is one of the kernel's own tables; allowed: any other table`,
];

function sharedPorts(_: Config, named: Named, a: string, portA: Port, b: string, portB: Port): string | false {
	return portA === portB && `${named(b)}: ${portB} is already used by ${named(a)}; allowed: two different ports`;
}

const isAppPort = ({ appPorts }: Config, port: number): boolean => appPorts !== '*' && holdsPort(appPorts, port);

/** Protects SSH from being captured by accident; the error says how to capture the port on purpose. */
function ignoredAppPort({ appPorts, ingressIgnoredPorts }: Config, named: Named): string | false {
	if (appPorts === '*') return false;
	const shared = appPorts.flatMap((range) => ingressIgnoredPorts.flatMap((other) => overlap(range, other)));
	if (shared.length === 0) return false;
	const [first] = shared;
	return `${named('appPorts')}: ${shared.join(', ')} is in ingressIgnoredPorts too (22 is by default, to protect SSH); allowed: ports that are not ignored; to capture ${first} anyway, set ingressIgnoredPorts (TURNOUT_INGRESS_IGNORED_PORTS, --ingress-ignored-ports) to a list without it`;
}

function overlap(a: PortRange, b: PortRange): string[] {
	const from = Math.max(a.from, b.from);
	const to = Math.min(a.to, b.to);
	if (from > to) return [];
	return [from === to ? String(from) : `${from}-${to}`];
}
