import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { Given } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import { loadSettings } from '../config/load.ts';
import { DOCKER_SOCKET } from '../config/paths.ts';
import { socketOf } from '../config/quick-lookup.ts';
import { Failure } from '../failure.ts';
import { readHeld } from '../firewall/iptables/apply-rules.ts';
import { emptyRules, ownChains } from '../firewall/iptables/installed.ts';
import { namesakesIn } from '../firewall/iptables/namesakes.ts';
import { differences } from '../firewall/iptables/restore-document.ts';
import { type OpenHost, openHost } from '../host/open-host.ts';
import { hasJob } from '../host/systemd/notify.ts';
import { remove, removeScriptLeftovers } from '../reconcile/apply.ts';
import { readRouting } from '../routing/apply-routes.ts';
import { planRemoval } from '../routing/plan.ts';
import { localRoutingOf } from '../routing/taken.ts';
import { families, LOCAL_TABLE, PACKET_MARK } from '../values/units.ts';
import { refuseUndone } from './beside-daemon.ts';

export interface Cleaned {
	/** Chains with similar names that are not ours, with the commands that remove them. */
	readonly left: readonly Left[];
}
export interface Left {
	readonly backend: string;
	readonly family: string;
	readonly table: string;
	readonly chain: string;
	readonly removal: readonly string[];
}

/** Removes everything with our names, Envoy's container after the rules. `routeManager`: also the policy rule and route that the 2019 script leaves behind. */
export async function runClean(
	{ routeManager }: { readonly routeManager: boolean },
	signal: AbortSignal,
): Promise<Cleaned> {
	const host = await openHost(ownChains, signal);
	await removeVerified(host, signal);
	if (routeManager) await removeScriptLeftovers(host, localRoutingOf({ mark: PACKET_MARK, routeTable: LOCAL_TABLE }));
	const left = await namesakes(host, signal);
	const socket = process.env['TURNOUT_DOCKER_SOCKET'] ?? DOCKER_SOCKET;
	if (!existsSync(socket)) return { left };
	const { removeContainers } = await import('../host/docker/remove.ts');
	await removeContainers(socket);
	return { left };
}

const ATTEMPTS = 3;

/** Repeats the removal until nothing is left: a concurrent `turnout init` may add rules meanwhile. */
async function removeVerified(host: OpenHost, signal: AbortSignal): Promise<void> {
	for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
		await remove(host, { keepConntrack: false }, signal);
		const held = await Promise.all(host.firewalls.map((firewall) => readHeld(firewall, signal)));
		const isLeft = held.some((each) => families.some((family) => differences(each[family], emptyRules).length > 0));
		if (!isLeft && planRemoval(await readRouting(host.routing)).length === 0) return;
	}
	throw new Failure(
		'interrupted',
		'Cannot clean: another program restores everything',
		'Find that program, and try again',
	);
}

/** Dialects and families that cannot be read are skipped. */
async function namesakes({ firewalls, tools }: OpenHost, signal: AbortSignal): Promise<Left[]> {
	const looks = firewalls.flatMap((firewall) => families.map((family) => ({ firewall, family })));
	const found = looks.map(async ({ firewall, family }): Promise<Left[]> => {
		const pair = tools.find(({ dialect }) => dialect === firewall.dialect)?.[family];
		const program = pair === undefined ? '' : basename(pair.restore).replace(/-restore$/, '');
		const saved = await firewall.read(family, signal).catch(() => '');
		return namesakesIn(saved).map(({ table, chain, removal }) => ({
			...{ backend: firewall.dialect, family, table, chain },
			removal: removal.map((args) => `${program} ${args}`),
		}));
	});
	return (await Promise.all(found)).flat();
}

/**
 * Whether `unit`, which has just ended, left rules that it should have removed: systemd had to kill it during a stop, and
 * onStop is `disable`. After a crash, from which systemd restarts it, the rules must stay.
 */
export async function hasLeftBehind(unit: string): Promise<boolean> {
	if (process.env['SERVICE_RESULT'] === 'success' || !(await hasJob(unit))) return false;
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
