import { Failure } from '../failure.ts';
import type { Dialect } from '../firewall/firewall.ts';
import { localRoutingOf } from '../routing/taken.ts';
import { isCapturing } from '../ruleset/build.ts';
import type { Capture } from '../ruleset/capture.ts';
import type { Family } from '../values/units.ts';
import { type ActualState, apply } from './apply.ts';
import { buildDesiredRules, type DesiredRules } from './desired.ts';
import type { BackendChoice, FactualHost, Ipv6Fact } from './host.ts';
import { atStage, stageFor } from './staged-capture.ts';

/** What of the settings decides how a host is captured. */
export interface HostSettings {
	readonly mark: number;
	readonly routeTable: number;
	readonly backend: string;
	readonly ipv6: string;
	readonly egressPort: number;
}

/** What was asked, held against what this host is. */
export interface HostContext<S extends HostSettings = HostSettings> {
	readonly config: S;
	readonly capture: Capture;
	readonly host: FactualHost;
	readonly backend: BackendChoice;
	/** `ipv6: 1` is by a person, and not by AWS's controller, which sets its variable in every pod. */
	readonly isIpv6Demanded: boolean;
	/** What was taken otherwise than written, on this host. */
	readonly notices: readonly string[];
}

/** Settings with every name looked up. */
export interface Resolvable<S extends HostSettings> {
	readonly config: S;
	readonly capture: Capture;
	/** Which variable, flag or file a setting is from. */
	readonly written: ReadonlyMap<string, { readonly origin: string }>;
}

/** What is to hold, and why IPv6 has no part in it, where it has none. */
export interface DesiredState {
	readonly target: DesiredRules;
	/** '' while IPv6 is captured or there is none to capture. */
	readonly ipv6BypassReason: string;
	/** Why only what opens a connection is captured, where that is to last. */
	readonly limited?: string;
}

/** What was aimed at, and what the kernel held right after. */
export interface AppliedState extends DesiredState {
	readonly lastRead: ActualState;
}

/** The variable that AWS's controller sets. */
const CONTROLLERS = 'APPMESH_ENABLE_IPV6';

/** Looks at the host and changes nothing. What this host lacks is a Failure; see also `aimOf`. */
export async function resolveHostContext<S extends HostSettings>(
	host: FactualHost,
	{ config, capture: wanted, written }: Resolvable<S>,
	former: Dialect | undefined,
	signal: AbortSignal,
): Promise<HostContext<S>> {
	const capture = { ...wanted, ...host.facts.kernel() };
	const backend =
		config.backend === 'auto'
			? await host.facts.chooseBackend(former, signal)
			: { name: config.backend as Dialect, why: 'the settings say so' };
	const using = host.using(backend.name);
	const isIpv6Demanded = config.ipv6 === '1' && written.get('ipv6')?.origin !== CONTROLLERS;
	const { obstacle } = host.facts.ipv6(backend.name);
	const isImpossible = config.ipv6 === '1' && obstacle !== '' && !isIpv6Demanded;
	const notices = isImpossible ? [`ipv6 (${CONTROLLERS}): 1 is taken as auto: ${obstacle}`] : [];
	return { config, capture, host: using, backend, isIpv6Demanded, notices };
}

/** Addresses and listeners change while we run: looked at anew each time. What the host cannot meet is a Failure. */
export async function computeDesired(context: HostContext): Promise<DesiredState> {
	const { isOn, bypassReason } = await ipv6Choice(context);
	const guarded: readonly Family[] = ipv6Of(context).hasRules ? ['ipv4', 'ipv6'] : ['ipv4'];
	return desiredStateOf(context, isOn ? ['ipv4', 'ipv6'] : ['ipv4'], guarded, bypassReason);
}

/**
 * While interception is on: IPv6 that is captured stays so, also while the kernel has it switched off, when nothing but
 * its routes goes; IPv6 that has come up since is captured too.
 */
export async function refreshDesired(context: HostContext, before: DesiredState): Promise<DesiredState> {
	const { target } = before;
	if (!isCapturing(target.rules.ipv6)) {
		const now = before.ipv6BypassReason === '' ? await computeDesired(context) : before;
		// A guard that the kernel has refused once is not asked for again.
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
	target: buildDesiredRules(capture, backend.name, families, localRoutingOf(config), guarded),
	ipv6BypassReason,
});

/** Rules and routes on. Unless somebody demands IPv6, a kernel that takes no IPv6 rules keeps nobody from IPv4. */
export async function applyDesired(
	context: HostContext,
	signal: AbortSignal,
	known?: ActualState,
): Promise<AppliedState> {
	const { desired: first, installed } = await firstStage(context, await computeDesired(context), signal);
	const now = installed === undefined ? known : new Map(known).set(first.target.dialect, installed);
	try {
		return { ...first, lastRead: await apply(context.host, first.target, signal, now) };
	} catch (error) {
		const isOptional = !context.isIpv6Demanded && first.target.rules.ipv6.length > 0;
		if (!(error instanceof Failure && error.code === 'unsupported' && isOptional)) throw error;
		const isPast = first.target.families.includes('ipv6') || first.ipv6BypassReason !== '';
		const past = isPast ? `the kernel does not take IPv6 rules: ${error.message}` : '';
		const { desired: second } = await firstStage(context, desiredStateOf(context, ['ipv4'], ['ipv4'], past), signal);
		return { ...second, lastRead: await apply(context.host, second.target, signal) };
	}
}

/** What is there is read anew: a hook that is believed to be there and is not may have let connections go unseen. */
async function firstStage({ host }: HostContext, { target, ...aimed }: DesiredState, signal: AbortSignal) {
	const firewall = host.firewalls.find(({ dialect }) => dialect === target.dialect);
	const installed = await firewall?.read(signal);
	const stage = installed === undefined ? 'opening' : stageFor(installed, target);
	return { desired: { ...aimed, target: atStage(target, stage) }, installed };
}

interface Ipv6Choice {
	readonly isOn: boolean;
	/** Why IPv6 goes past Envoy; '' where it does not. */
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
	// While nobody listens yet (pods start before their Envoy) what it will do is unknown: then nothing may pass.
	const isOn = open.has('ipv6') || open.size === 0;
	return { isOn, bypassReason: isOn ? '' : `Envoy listens on port ${port} for IPv4 only` };
}

const OPEN = "others can dial Envoy's own ports over it";

function requireIpv6(obstacle: string): Ipv6Choice {
	if (obstacle === '') return { isOn: true, bypassReason: '' };
	const remedy = 'Set ipv6 (APPMESH_ENABLE_IPV6) to auto or 0';
	throw new Failure('config', `Cannot capture IPv6 (ipv6 is 1): ${obstacle}`, remedy);
}
