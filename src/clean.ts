import { existsSync } from 'node:fs';
import { DOCKER_SOCKET } from './config/defaults.ts';
import { openHost } from './host/open.ts';
import { hasJob } from './host/service-manager.ts';
import { ownChains } from './ruleset/held.ts';
import { loadSettings } from './settings.ts';
import { release, releaseSeed } from './steady/interception.ts';
import { LOCAL_TABLE, PACKET_MARK } from './units.ts';

/** Takes away whatever bears our names, Envoy's container after the rules; `seed`: also the rule and route that the 2019 script leaves behind. */
export async function runClean({ seed }: { readonly seed: boolean }, signal: AbortSignal): Promise<void> {
	const host = await openHost(ownChains, signal);
	await release(host, { tracked: false }, signal);
	if (seed) await releaseSeed(host, { mark: PACKET_MARK, table: LOCAL_TABLE });
	const socket = process.env['TURNOUT_DOCKER_SOCKET'] ?? DOCKER_SOCKET;
	if (!existsSync(socket)) return;
	const { removeContainers } = await import('./host/docker/remove.ts');
	await removeContainers(socket);
}

/**
 * Whether `unit`, which has just ended, has left what it should have taken away: systemd had to end it when it was told to
 * stop, and nothing is to be kept. After a crash, from which systemd starts it again, all stays.
 */
export async function hasLeftBehind(unit: string): Promise<boolean> {
	if (process.env['SERVICE_RESULT'] === 'success' || !(await hasJob(unit))) return false;
	// Settings that cannot be read ask for nothing out of the ordinary.
	const onStop = await loadSettings({ flags: {} }).then(
		({ config }) => config.onStop,
		() => 'disable',
	);
	return onStop === 'disable';
}
