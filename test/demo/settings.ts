// The demo's addresses and ports, and turnout's settings file.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addresses } from '../lab/net/layout.ts';
import { ids } from '../lab/net/peers.ts';

/** Where `app` answers, beside the port that a container publishes; `ignored` is a port out there. */
export const ports = { published: 8080, app: 8081, other: 9090, ignored: 5432 } as const;
export const appPorts: readonly number[] = [22, ports.app, ports.other];
/** An address in a network that is ignored as a whole. */
export const ignoredNetwork = { v4: '198.51.100.7', v6: '2001:db8:1::7' } as const;
export const worldAddresses: readonly string[] = [`${ignoredNetwork.v4}/32`, `${ignoredNetwork.v6}/128`];
/** The bridge whose containers are captured as well. */
export const meshedBridge = 'br-mesh';

const { metadata, otherRemote } = addresses;
const ignoredIps = [metadata.v4, metadata.v6, otherRemote.v4, otherRemote.v6, '198.51.100.0/24', '2001:db8:1::/48'];

/** As a file, so that whoever stays at the prompt can change it and `reload`. */
export function writeSettings(folder: string, envoy: Readonly<Record<string, string>>): string {
	const path = join(folder, 'turnout.yaml');
	writeFileSync(
		path,
		`# What the demo runs with. Change it, then type at the prompt: reload
appPorts: ${ports.published},${ports.app}
egressIgnoredPorts: 22,${ports.ignored}
egressIgnoredIps: ${ignoredIps.join(',')}
ignoreUids: ${ids.proxy}
ignoreGids: ${ids.proxy}
bridges: ${meshedBridge}
envoy:
${Object.entries({ ...envoy, logLevel: 'warning' })
	.map(([name, value]) => `  ${name}: ${value}\n`)
	.join('')}`,
	);
	return path;
}

/** The mark that AWS's network plugin sets on an instance; for iptables-restore. */
export const networkPlugin = `*mangle
-A PREROUTING -i eth0 -m comment --comment "AWS, primary ENI" -m addrtype --dst-type LOCAL --limit-iface-in -j CONNMARK --set-xmark 0x80/0x80
COMMIT
`;
