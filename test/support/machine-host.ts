// A machine with systemd and turnout's files on it, the world around it, and an Envoy that is a service of its own.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Status } from '../../src/status/types.ts';
import { createHost, type Host } from '../lab/net/host.ts';
import { createPeer, type Peer } from '../lab/net/peer.ts';
import { findEnvoy } from '../lab/services/envoy.ts';
import { type BootOptions, boot, type Disk, type Machine } from '../lab/services/systemd.ts';
import { installOthersRules } from './daemon.ts';
import { startEcho } from './echo.ts';
import { root } from './pages.ts';

export interface World {
	readonly lab: Host;
	/** Answers `remote` on 443, and sends back what it is sent on 7. */
	readonly world: Peer;
	/** uid 1000 on the machine. Answers `app` on 8080. */
	readonly app: Peer;
}

/** Where a user has unpacked what he copied to his host. */
export const unpacked = '/srv/turnout';

/** A network that nothing is left in from before, for a machine to be powered on in. */
export async function createWorld(stack: AsyncDisposableStack): Promise<World> {
	const lab = stack.use(createHost({ container: false }));
	const world = stack.use(createPeer(lab.world));
	const app = stack.use(createPeer(lab.host, { uid: 1000 }));
	await Promise.all([world.listen('remote', [443]), app.listen('app', [8080])]);
	stack.use(await startEcho(lab.world, 7));
	installOthersRules(lab.host);
	return { lab, world, app };
}

export async function powerOnIn(
	{ lab }: World,
	stack: AsyncDisposableStack,
	disk: Disk,
	options: BootOptions = {},
): Promise<Machine> {
	const folders = ['dist', 'systemd', 'scripts'].map((name) => [join(root, name), `${unpacked}/${name}`] as const);
	const given = { ...Object.fromEntries(folders), [await findEnvoy()]: '/usr/local/bin/envoy', ...options.given };
	return stack.use(await boot(disk, lab.host, { ...options, given }));
}

export async function powerOn(
	stack: AsyncDisposableStack,
	disk: Disk,
	options: BootOptions = {},
): Promise<World & { readonly machine: Machine }> {
	const place = await createWorld(stack);
	return { ...place, machine: await powerOnIn(place, stack, disk, options) };
}

/** A unit, or a part of one, as an administrator writes it. */
export function writeUnit({ path, run }: Machine, name: string, lines: readonly string[]): void {
	const file = `/etc/systemd/system/${name}`;
	run('mkdir', '-p', join(file, '..'));
	writeFileSync(path(file), `${lines.join('\n')}\n`);
	run('systemctl', 'daemon-reload');
}

/** For `envoy.runtime: none`. */
export function installEnvoyService(machine: Machine): void {
	machine.run('useradd', '--system', '--uid', '1337', 'envoy');
	writeUnit(machine, 'envoy.service', [
		'[Unit]',
		'Before=turnout.service',
		'[Service]',
		'User=envoy',
		`ExecStart=/usr/local/bin/envoy --config-path ${unpacked}/systemd/envoy.json`,
		'[Install]',
		'WantedBy=multi-user.target',
	]);
}

export const propertyOf = ({ run }: Machine, unit: string, name: string): string =>
	run('systemctl', 'show', '--property', name, '--value', unit).trim();

export const statusOf = ({ tryRun }: Machine): Status =>
	JSON.parse(tryRun('turnout', 'status', '--json').stdout) as Status;
