import { Failure } from '../failure.ts';
import { localRoutingOf } from '../routing/local-routing.ts';
import { isCapturing } from '../ruleset/build.ts';
import type { Capture } from '../ruleset/capture.ts';
import { unitsOf } from '../ruleset/exclusions.ts';
import { keepsClient } from '../ruleset/keep-client.ts';
import { type Family, families } from '../values/units.ts';
import { type ActualState, apply } from './apply.ts';
import { buildDesiredRules, type DesiredRules } from './desired.ts';
import type { Ipv6Fact } from './host.ts';
import type { HostContext } from './host-context.ts';
import { atStage, stageFor } from './staged-capture.ts';

/** What should hold, and why IPv6 bypasses Envoy, where it does. */
export interface DesiredState {
	readonly target: DesiredRules;
	/** With the cgroups that were there when it was computed. */
	readonly capture: Capture;
	/** '' while IPv6 is captured, or there is none to capture. */
	readonly ipv6BypassReason: string;
	/** Why capture stays at the first stage, where it does. */
	readonly limited?: string;
}

/** What was desired, and what the kernel had right after. */
export interface AppliedState extends DesiredState {
	readonly lastRead: ActualState;
}

/** Reads addresses and listeners each time, as they change. A Failure if the host cannot do what the settings demand. */
export async function computeDesired(context: HostContext): Promise<DesiredState> {
	const { isOn, bypassReason } = await ipv6Choice(context);
	const guarded: readonly Family[] = ipv6Of(context).hasRules ? ['ipv4', 'ipv6'] : ['ipv4'];
	return desiredStateOf(context, isOn ? ['ipv4', 'ipv6'] : ['ipv4'], guarded, bypassReason);
}

/**
 * While interception is on: captured IPv6 stays captured, also while it is off in the kernel (only its routes go then);
 * IPv6 that has come up since is captured too.
 */
export async function refreshDesired(context: HostContext, before: DesiredState): Promise<DesiredState> {
	const { target } = before;
	if (!isCapturing(target.rules.ipv6)) {
		const now = before.ipv6BypassReason === '' ? await computeDesired(context) : before;
		// A guard that the kernel has refused is not tried again.
		return isCapturing(now.target.rules.ipv6) ? now : before;
	}
	const wanted: readonly Family[] = ipv6Of(context).obstacle === '' ? ['ipv4', 'ipv6'] : ['ipv4'];
	return wanted.length === target.families.length ? before : { ...before, target: { ...target, families: wanted } };
}

function desiredStateOf(
	{ config, capture: asked, backend, host }: HostContext,
	families: readonly Family[],
	guarded: readonly Family[],
	ipv6BypassReason: string,
): DesiredState {
	const capture = { ...asked, cgroups: host.facts.cgroups(unitsOf(asked)) };
	const localRouting = localRoutingOf(config, keepsClient(capture));
	return {
		capture,
		target: buildDesiredRules(capture, backend.name, families, localRouting, guarded),
		ipv6BypassReason,
	};
}

/** The same with the cgroups that are there now; the very same object where these are still those. */
export function withCgroupsOfNow(context: HostContext, before: DesiredState): DesiredState {
	const { target, capture, ipv6BypassReason } = before;
	const units = unitsOf(context.capture);
	if (units.length === 0) return before;
	const known = (of: Capture['cgroups'] = []) => of.map(({ unit, path, id }) => `${unit} ${path} ${id}`).join();
	if (known(context.host.facts.cgroups(units)) === known(capture.cgroups)) return before;
	const guarded = families.filter((family) => target.rules[family].length > 0);
	const now = desiredStateOf(context, target.families, guarded, ipv6BypassReason);
	return { ...before, ...now, target: atStage(now.target, target.stage) };
}

/** A unit that ends in the middle of it may take the rule for its cgroup along: then it is done again with those that are there. */
export async function untilCgroupsStay<T>(
	context: HostContext,
	desired: DesiredState,
	act: (desired: DesiredState) => Promise<T>,
): Promise<T> {
	for (let now = desired, attempt = 1; ; attempt += 1) {
		try {
			return await act(now);
		} catch (error) {
			const before = now;
			now = withCgroupsOfNow(context, before);
			if (now === before || attempt === CGROUP_ATTEMPTS) throw error;
		}
	}
}

/** A unit that ends and starts so often is none that works. */
const CGROUP_ATTEMPTS = 5;

/**
 * Rules and routes on. A kernel that takes no IPv6 rules is no obstacle for IPv4, unless IPv6 is demanded. `isFollowed`:
 * after a first stage the caller goes on to the second at once.
 */
export const applyDesired = async (
	context: HostContext,
	signal: AbortSignal,
	lastRead?: ActualState,
	isFollowed = false,
): Promise<AppliedState> =>
	untilCgroupsStay(context, await computeDesired(context), (desired) =>
		applyOnce(context, desired, signal, lastRead, isFollowed),
	);

async function applyOnce(
	context: HostContext,
	desired: DesiredState,
	signal: AbortSignal,
	lastRead: ActualState | undefined,
	isFollowed: boolean,
): Promise<AppliedState> {
	const { desired: first, installed } = await firstStage(context, desired, signal, lastRead);
	const now = installed === undefined ? lastRead : new Map(lastRead).set(first.target.dialect, installed);
	const isInterim = isFollowed && first.target.stage === 'syn';
	try {
		return { ...first, lastRead: await apply(context.host, first.target, signal, now, isInterim) };
	} catch (error) {
		const isOptional = !context.isIpv6Demanded && first.target.rules.ipv6.length > 0;
		if (!(error instanceof Failure && error.code === 'unsupported' && isOptional)) throw error;
		const isBypassing = first.target.families.includes('ipv6') || first.ipv6BypassReason !== '';
		const reason = isBypassing ? `the kernel does not take IPv6 rules: ${error.message}` : '';
		const { desired: second } = await firstStage(context, desiredStateOf(context, ['ipv4'], ['ipv4'], reason), signal);
		return { ...second, lastRead: await apply(context.host, second.target, signal) };
	}
}

/**
 * Reads the installed rules: if a hook is missing, connections may have opened that the kernel does not track. Not where they
 * were not there when they were read last: whatever has become of them, the first stage is right.
 */
async function firstStage(
	{ host }: HostContext,
	{ target, ...desired }: DesiredState,
	signal: AbortSignal,
	lastRead?: ActualState,
) {
	const firewall = host.firewalls.find(({ dialect }) => dialect === target.dialect);
	const last = lastRead?.get(target.dialect);
	const wasOff = last !== undefined && stageFor(last, target) === 'syn';
	const installed = wasOff ? last : await firewall?.read(signal);
	const stage = installed === undefined ? 'syn' : stageFor(installed, target);
	return { desired: { ...desired, target: atStage(target, stage) }, installed };
}

interface Ipv6Choice {
	readonly isOn: boolean;
	/** Why IPv6 bypasses Envoy; '' where it does not. */
	readonly bypassReason: string;
}

const ipv6Of = ({ host, backend }: HostContext): Ipv6Fact => host.facts.ipv6(backend.name);

async function ipv6Choice(context: HostContext): Promise<Ipv6Choice> {
	const { config, host, isIpv6Demanded } = context;
	const { hasAddress, obstacle, hasRules } = ipv6Of(context);
	if (config.ipv6 === '1' && (isIpv6Demanded || obstacle === '')) return requireIpv6(obstacle);
	if (!hasAddress) return { isOn: false, bypassReason: '' };
	if (config.ipv6 === '0')
		return { isOn: false, bypassReason: hasRules ? 'ipv6 is 0' : `ipv6 is 0, and ${OPEN}: ${obstacle}` };
	if (obstacle !== '') return { isOn: false, bypassReason: obstacle };
	const port = config.egressPort;
	const listeners = await host.facts.listeners();
	const open = new Set(listeners.flatMap((listener) => (listener.port === port ? [listener.family] : [])));
	// While nobody listens yet (pods start before their Envoy) it is unknown what Envoy will do: then IPv6 is captured.
	const isOn = open.has('ipv6') || open.size === 0;
	return { isOn, bypassReason: isOn ? '' : `Envoy listens on port ${port} for IPv4 only` };
}

const OPEN = "others can dial Envoy's own ports over it";

function requireIpv6(obstacle: string): Ipv6Choice {
	if (obstacle === '') return { isOn: true, bypassReason: '' };
	const remedy = 'Set ipv6 (APPMESH_ENABLE_IPV6) to auto or 0';
	throw new Failure('config', `Cannot capture IPv6 (ipv6 is 1): ${obstacle}`, remedy);
}
