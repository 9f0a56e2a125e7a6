import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ids } from '../lab/net/peers.ts';
import { ignoredAddresses, ports } from './rows.ts';
import { meshedBridge } from './world.ts';

/** The demo's settings as a file, so that whoever stays at the prompt can change them and `reload`. */
export function writeSettings(folder: string, envoy: Readonly<Record<string, string>>): string {
	const path = join(folder, 'turnout.yaml');
	writeFileSync(path, render(envoy));
	return path;
}

const render = (
	envoy: Readonly<Record<string, string>>,
): string => `# What the demo runs with. Change it, then type at the prompt: reload
appPorts: ${ports.published},${ports.app}
egressIgnoredPorts: 22,${ports.ignored}
egressIgnoredIps: ${ignoredAddresses.join(',')}
ignoreUids: ${ids.proxy}
ignoreGids: ${ids.proxy}
bridges: ${meshedBridge}
envoy:
${Object.entries({ ...envoy, logLevel: 'warning' })
	.map(([name, value]) => `  ${name}: ${value}\n`)
	.join('')}`;
