import type { Texts } from '../../property/generators.ts';

const many = Array.from({ length: 40 }, (_, at) => 2000 + 2 * at);

/** Settings with one reviewed golden file each. Settings not given have their defaults. */
export const cases: Readonly<Record<string, Texts>> = {
	'nothing but the defaults': {},
	'application ports': { appPorts: '8080,9090' },
	'more application ports than one rule holds': { appPorts: many.join(',') },
	'ranges, which take the room of two ports each': {
		appPorts: many
			.slice(0, 9)
			.map((port) => `${port}0-${port}5`)
			.join(','),
	},
	'a range that has no room left goes into the next rule': {
		appPorts: [...many.slice(0, 14), '9000-9100', '9200'].join(','),
	},
	'all application ports but the ignored': { appPorts: '*', ingressIgnoredPorts: '22,9100-9110' },
	'a transparent listener': { appPorts: '8080,9090', ingressMode: 'tproxy' },
	'a transparent listener for all ports but the ignored': { appPorts: '*', ingressMode: 'tproxy' },
	'a transparent listener, and the address of the client for the application': {
		...{ appPorts: '8080', ingressMode: 'tproxy', ingressKeepClient: 'application', mark: '0x77' },
	},
	'ignored sources': { appPorts: '8080', ingressIgnoredIps: '10.0.0.0/8,fd00::/8,192.0.2.7' },
	'ignored users and groups': { ignoreUids: '1337,2000-2999', ignoreGids: '0,1337-1338' },
	'an ignored group and no user': { ignoreUids: '', ignoreGids: '1337' },
	'ignored units and cgroups, of which one is not there': {
		ignoreUnits: 'docker.service,gone.service,/system.slice/system-x\\x2dy.slice,user.slice',
	},
	'only these units': { onlyUnits: 'shop.service,/shop.slice' },
	'only these units, none of which is there': { onlyUnits: 'gone.service' },
	'only these users and units to these destinations, but for a unit': {
		...{ onlyUids: '1000', onlyUnits: 'shop.service', ignoreUnits: 'docker.service', egressOnlyIps: '10.0.0.0/8' },
	},
	'ignored destinations': { egressIgnoredIps: '192.0.2.7,198.51.100.0/24,2001:db8::7,2001:db8:1::/48,::1.2.3.4' },
	'no ignored destinations': { egressIgnoredIps: '' },
	'every destination ignored': { egressIgnoredIps: '0.0.0.0/0,::/0' },
	'ignored ports, and 22 with them': { egressIgnoredPorts: '3306,5432,6000-7000' },
	'ignored interfaces': { appPorts: '8080', interfacesIgnored: 'wg0,tun+' },
	'only these users': { onlyUids: '1000,2000-2999' },
	'only these users and groups': { onlyUids: '1000', onlyGids: '100-200' },
	'only these destinations': { egressOnlyIps: '10.0.0.0/8,fd00::/8' },
	'only destinations of the other family': { egressOnlyIps: 'fd00::/8' },
	'only these ports': { egressOnlyPorts: '443,8000-9000' },
	'only these users to these destinations': { onlyUids: '1000', egressOnlyIps: '10.0.0.0/8,fd00::/8' },
	'only these users to these ports': { onlyUids: '1000', egressOnlyPorts: '443' },
	'only these destinations on these ports': { egressOnlyIps: '10.0.0.0/8,fd00::/8', egressOnlyPorts: '443' },
	'only these users to these destinations on these ports': {
		...{ onlyUids: '1000', onlyGids: '100' },
		...{ egressOnlyIps: '10.0.0.0/8,fd00::/8', egressOnlyPorts: many.join(',') },
	},
	'containers on bridges': { bridges: 'docker0,br-+', interfacesIgnored: 'docker1' },
	'containers on bridges, only these users to these destinations on these ports': {
		...{ bridges: 'docker0', onlyUids: '1000', egressOnlyIps: '10.0.0.0/8', egressOnlyPorts: '443' },
	},
	"no guard before Envoy's ports": { appPorts: '8080', guard: '0' },
	'definitions in etcd': { 'mesh.definitions': 'etcd://a:2379,b:2379,c:12379/turnout' },
	"other ports of Envoy's": { appPorts: '8080', ingressPort: '16000', egressPort: '15999' },
};
