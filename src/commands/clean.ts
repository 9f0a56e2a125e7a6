import { existsSync } from 'node:fs';
import type { Given } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import { loadSettings } from '../config/load.ts';
import { DOCKER_SOCKET } from '../config/paths.ts';
import { socketOf } from '../config/quick-lookup.ts';
import { Failure } from '../failure.ts';
import { backends } from '../firewall/backends.ts';
import type { Namesake } from '../firewall/firewall.ts';
import { type OpenHost, openHost } from '../host/open-host.ts';
import { runLight } from '../host/process/command.ts';
import { hasJob } from '../host/systemd/notify.ts';
import { remove, removeScriptLeftovers } from '../reconcile/apply.ts';
import { readRouting } from '../routing/apply-routes.ts';
import { localRoutingOf } from '../routing/local-routing.ts';
import { planRemoval } from '../routing/plan.ts';
import { SCRIPT_ROUTING } from '../values/mark-and-table.ts';
import { refuseUndone } from './beside-daemon.ts';

export interface Cleaned {
	/** Chains with similar names that are not ours, with the commands that remove them. */
	readonly left: readonly Left[];
}
export interface Left extends Namesake {
	readonly backend: string;
}

/** Removes everything with our names, Envoy's container after the rules. `routeManager`: also the policy rule and route that the 2019 script leaves behind. */
export async function runClean(
	{ routeManager }: { readonly routeManager: boolean },
	signal: AbortSignal,
): Promise<Cleaned> {
	const host = await openHost(backends, signal);
	await removeVerified(host, signal);
	if (routeManager) await removeScriptLeftovers(host, localRoutingOf(SCRIPT_ROUTING, false));
	const left = await namesakes(host, signal);
	const socket = process.env['TURNOUT_DOCKER_SOCKET'] ?? DOCKER_SOCKET;
	if (!existsSync(socket)) return { left };
	const { removeContainers } = await import('../host/docker/remove.ts');
	await removeContainers(socket);
	return { left };
}

const ATTEMPTS = 3;

/** Repeats the removal until nothing is left: a concurrent `turnout init` may add rules meanwhile. */
export async function removeVerified(host: OpenHost, signal: AbortSignal): Promise<void> {
	for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
		await remove(host, { keepConntrack: false }, signal);
		const installed = await Promise.all(host.firewalls.map((firewall) => firewall.read(signal)));
		if (installed.every(({ isEmpty }) => isEmpty) && planRemoval(await readRouting(host.routing)).length === 0) return;
	}
	throw new Failure(
		'interrupted',
		'Cannot clean: another program restores everything',
		'Find that program, and try again',
	);
}

/** Backends and families that cannot be read are skipped. */
async function namesakes({ firewalls }: OpenHost, signal: AbortSignal): Promise<Left[]> {
	const found = firewalls.map(async ({ dialect, namesakes }) =>
		(await namesakes(signal)).map((namesake) => ({ backend: dialect, ...namesake })),
	);
	return (await Promise.all(found)).flat();
}

/**
 * Whether `unit`, which has just ended, left rules that it should have removed: systemd had to kill it during a stop, and
 * onStop is `disable`. After a crash, from which systemd restarts it, the rules must stay.
 */
export async function hasLeftBehind(unit: string): Promise<boolean> {
	if (process.env['SERVICE_RESULT'] === 'success' || !(await hasJob(unit, runLight))) return false;
	// With unreadable settings the default applies.
	const onStop = await loadSettings({ flags: {} }).then(
		({ config }) => config.onStop,
		() => 'disable',
	);
	return onStop === 'disable';
}

export async function clean(given: Given, { out, isJson, signal }: CommandContext): Promise<number> {
	const unit = given['after'];
	if (typeof unit === 'string' && !(await hasLeftBehind(unit))) return 0;
	else await refuseUndone(socketOf({}));
	const { left } = await runClean({ routeManager: given['route-manager'] === true || given['seed'] === true }, signal);
	const text = ['Nothing with our names is left\n', ...left.map(leftText)].join('');
	out(isJson ? `${JSON.stringify({ clean: true, ...(left.length === 0 ? {} : { left }) })}\n` : text);
	return 0;
}

const leftText = ({ backend, table, chain, removal }: Left): string =>
	`Left in place, as it is not turnout's: chain ${chain} of ${table} in ${backend}. To remove it:\n${removal.map((command) => `  ${command}\n`).join('')}`;
