import { Failure } from '../failure.ts';
import type { Dialect } from '../firewall/firewall.ts';
import { localRoutingOf } from '../routing/local-routing.ts';
import { isCapturing } from '../ruleset/build.ts';
import type { Capture } from '../ruleset/capture.ts';
import { keepsClient } from '../ruleset/keep-client.ts';
import { longLists } from '../ruleset/long-lists.ts';
import type { Family } from '../values/units.ts';
import { type ActualState, apply } from './apply.ts';
import { buildDesiredRules, type DesiredRules } from './desired.ts';
import type { BackendChoice, FactualHost, FormerChoice, Ipv6Fact } from './host.ts';
import { atStage, stageFor } from './staged-capture.ts';

/** The settings that decide how a host is captured. */
export interface HostSettings {
	readonly mark: number;
	readonly routeTable: number;
	readonly backend: string;
	readonly ipv6: string;
	readonly egressPort: number;
}

/** The settings, resolved on this host. */
export interface HostContext<S extends HostSettings = HostSettings> {
	readonly config: S;
	readonly capture: Capture;
	readonly host: FactualHost;
	readonly backend: BackendChoice;
	/** `ipv6: 1` was set by a person, and not by AWS's controller, which sets its variable in every pod. */
	readonly isIpv6Demanded: boolean;
	/** Settings that were normalized on this host. */
	readonly notices: readonly string[];
	/** Settings whose lists are long, and why the rules do not look them up in sets, where they do not. */
	readonly slowLists?: { readonly settings: readonly string[]; readonly obstacle: string };
}

/** Settings with all names of users and groups resolved. */
export interface Resolvable<S extends HostSettings> {
	readonly config: S;
	readonly capture: Capture;
	/** The variable, flag or file of each setting. */
	readonly written: ReadonlyMap<string, { readonly origin: string }>;
}

/** What should hold, and why IPv6 bypasses Envoy, where it does. */
export interface DesiredState {
	readonly target: DesiredRules;
	/** '' while IPv6 is captured, or there is none to capture. */
	readonly ipv6BypassReason: string;
	/** Why capture stays at the first stage, where it does. */
	readonly limited?: string;
}

/** What was desired, and what the kernel had right after. */
export interface AppliedState extends DesiredState {
	readonly lastRead: ActualState;
}

/** The variable that AWS's controller sets. */
const CONTROLLER_VARIABLE = 'APPMESH_ENABLE_IPV6';

/** Reads the host and changes nothing. A Failure if the host lacks something; see also `computeDesired`. */
export async function resolveHostContext<S extends HostSettings>(
	host: FactualHost,
	{ config, capture: wanted, written }: Resolvable<S>,
	former: FormerChoice,
	signal: AbortSignal,
): Promise<HostContext<S>> {
	const settings = longLists(wanted);
	const backend =
		config.backend === 'auto'
			? await host.facts.chooseBackend(former, signal)
			: { name: config.backend as Dialect, why: 'the settings say so' };
	const using = host.using(backend.name);
	const isAsked = settings.length > 0 && backend.name !== 'nft';
	const obstacle = isAsked ? await using.facts.setObstacle() : '';
	const capture = { ...wanted, ...host.facts.kernel(), hasSets: settings.length > 0 && obstacle === '' };
	const isIpv6Demanded = config.ipv6 === '1' && written.get('ipv6')?.origin !== CONTROLLER_VARIABLE;
	const { obstacle: ipv6Obstacle } = host.facts.ipv6(backend.name);
	const isImpossible = config.ipv6 === '1' && ipv6Obstacle !== '' && !isIpv6Demanded;
	const notices = isImpossible ? [`ipv6 (${CONTROLLER_VARIABLE}): 1 is taken as auto: ${ipv6Obstacle}`] : [];
	const slowLists = obstacle === '' ? {} : { slowLists: { settings, obstacle } };
	return { config, capture, host: using, backend, isIpv6Demanded, notices, ...slowLists };
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

const desiredStateOf = (
	{ config, capture, backend }: HostContext,
	families: readonly Family[],
	guarded: readonly Family[],
	ipv6BypassReason: string,
): DesiredState => ({
	target: buildDesiredRules(capture, backend.name, families, localRoutingOf(config, keepsClient(capture)), guarded),
	ipv6BypassReason,
});

/**
 * Rules and routes on. A kernel that takes no IPv6 rules is no obstacle for IPv4, unless IPv6 is demanded. `isFollowed`:
 * after a first stage the caller goes on to the second at once.
 */
export async function applyDesired(
	context: HostContext,
	signal: AbortSignal,
	lastRead?: ActualState,
	isFollowed = false,
): Promise<AppliedState> {
	const { desired: first, installed } = await firstStage(context, await computeDesired(context), signal);
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

/** Reads the installed rules: if a hook is missing, connections may have opened that the kernel does not track. */
async function firstStage({ host }: HostContext, { target, ...desired }: DesiredState, signal: AbortSignal) {
	const firewall = host.firewalls.find(({ dialect }) => dialect === target.dialect);
	const installed = await firewall?.read(signal);
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
