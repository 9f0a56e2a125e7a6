// turnout as a service of a machine's, beside an Envoy that is one too, and what its tests do with it.
import { writeFileSync } from 'node:fs';
import { addresses } from '../lab/net/layout.ts';
import { isListening } from '../lab/services/registry.ts';
import type { BootOptions, Machine } from '../lab/services/systemd.ts';
import { createDisk } from '../lab/services/systemd.ts';
import { rulesOf, unhurried } from './daemon.ts';
import { eventually } from './eventually.ts';
import { installEnvoyService, powerOn, propertyOf, unpacked, type World, writeUnit } from './machine-host.ts';

export interface ServiceHost extends World {
	readonly machine: Machine;
	/** The host's rules before turnout. */
	readonly untouched: string;
	/** What `systemctl show` says of turnout.service. */
	readonly property: (name: string) => string;
	/** A signal for the daemon alone. */
	readonly kill: (signal: string) => void;
	/** Resolves once it has ended. systemd starts it again soon: whoever looks late sees that it has. */
	readonly ended: (restarts: number) => Promise<unknown>;
	/** Resolves once systemd has started it again; `restarts`: how often it had before. */
	readonly runsAgain: (restarts: number) => Promise<unknown>;
	/** The settings beside `appPorts`, and a restart. */
	readonly configure: (...lines: readonly string[]) => void;
	/** Who answers the application out there, or how it failed. */
	readonly answered: () => Promise<string>;
}

interface Installation extends BootOptions {
	readonly command: readonly [program: string, ...args: string[]];
}

/** Installed, and not started. systemd waits less long than usual for its signs of life. */
export async function createServiceHost(
	stack: AsyncDisposableStack,
	{ command: [program, ...args], ...options }: Installation = { command: [`${unpacked}/scripts/install`] },
): Promise<ServiceHost> {
	const { machine, ...world } = await powerOn(stack, stack.use(createDisk()), options);
	const { run, path } = machine;
	const untouched = rulesOf(world.lab.host);
	installEnvoyService(machine);
	run('systemctl', 'start', 'envoy');
	await eventually(
		() => isListening(world.lab.host, 15001),
		(isIt) => isIt,
	);
	run(program, ...args);
	writeUnit(machine, 'turnout.service.d/hurry.conf', ['[Service]', 'WatchdogSec=10']);
	const property = (name: string) => propertyOf(machine, 'turnout', name);
	return {
		...{ ...world, machine, untouched, property },
		kill: (signal) => void run('systemctl', 'kill', '--kill-whom=main', '--signal', signal, 'turnout'),
		ended: (restarts) =>
			eventually(
				() => [property('NRestarts'), property('SubState')],
				([count, state]) => state === 'auto-restart' || Number(count) > restarts,
				60_000,
			),
		runsAgain: (restarts) =>
			eventually(
				() => [property('NRestarts'), property('ActiveState')],
				([count, state]) => Number(count) > restarts && state === 'active',
				60_000,
			),
		configure(...lines) {
			writeFileSync(path('/etc/turnout/turnout.yaml'), `${['appPorts: 8080', ...lines].join('\n')}\n`);
			run('systemctl', 'restart', 'turnout');
		},
		async answered() {
			const answer = await world.app.connect(addresses.remote.v4, 443, unhurried);
			return answer.kind === 'answered' ? answer.by : answer.kind;
		},
	};
}
