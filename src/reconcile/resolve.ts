import type { Loaded } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { Failure } from '../failure.ts';
import { readHeld } from '../firewall/iptables/apply-rules.ts';
import { isCapturing } from '../firewall/iptables/installed.ts';
import { type BackendChoice, chooseBackend, readIpv6, readKernelFacts } from '../host/facts.ts';
import { resolveIds } from '../host/files/accounts.ts';
import type { Tools } from '../host/iptables/programs.ts';
import { type OpenHost, preferring, requireDialect } from '../host/open-host.ts';
import { readListeners } from '../host/sockets/listeners.ts';
import type { Dialect } from '../ports.ts';
import { homewardOf } from '../routing/taken.ts';
import type { Capture } from '../ruleset/capture.ts';
import type { Family, IdRange } from '../values/units.ts';
import { intercept, type Known, type Target } from './apply.ts';
import { buildTarget } from './desired.ts';
import { atStage, stageFor } from './staged-capture.ts';

/** What was asked, held against what this host is. */
export interface Survey {
	readonly config: Config;
	readonly capture: Capture;
	readonly host: OpenHost;
	readonly tools: Tools;
	readonly backend: BackendChoice;
	/** `ipv6: 1` is by a person, and not by AWS's controller, which sets its variable in every pod. */
	readonly isIpv6Demanded: boolean;
	/** What was taken otherwise than written, on this host. */
	readonly notices: readonly string[];
}

/** What is to hold, and why IPv6 has no part in it, where it has none. */
export interface Aim {
	readonly target: Target;
	/** '' while IPv6 is captured or there is none to capture. */
	readonly ipv6Past: string;
	/** Why only what opens a connection is captured, where that is to last. */
	readonly limited?: string;
}

/** What was aimed at, and what the kernel held right after. */
export interface Hit extends Aim {
	readonly known: Known;
}

/** The variable that AWS's controller sets. */
const CONTROLLERS = 'APPMESH_ENABLE_IPV6';

/** Looks at the host and changes nothing. Ids and tools that this host lacks are Failures; see also `aimOf`. */
export async function surveyHost(
	host: OpenHost,
	{ config, written }: Pick<Loaded, 'config' | 'written'>,
	remembered: Dialect | undefined,
	signal: AbortSignal,
): Promise<Survey> {
	const capture = { ...(await resolveCapture({ config, written })), ...readKernelFacts() };
	const backend =
		config.backend === 'auto'
			? await chooseBackend(host.firewalls, remembered, signal)
			: { name: config.backend as Dialect, why: 'the settings say so' };
	const tools = requireDialect(host, backend.name);
	const isIpv6Demanded = config.ipv6 === '1' && written.get('ipv6')?.origin !== CONTROLLERS;
	const { obstacle } = readIpv6(tools);
	const isImpossible = config.ipv6 === '1' && obstacle !== '' && !isIpv6Demanded;
	const notices = isImpossible ? [`ipv6 (${CONTROLLERS}): 1 is taken as auto: ${obstacle}`] : [];
	return { config, capture, host: preferring(host, backend.name), backend, tools, isIpv6Demanded, notices };
}

/** Users and groups by their ids. Names that this host does not know are told all at once. */
export async function resolveCapture({ config, written }: Pick<Loaded, 'config' | 'written'>): Promise<Capture> {
	const unknown: string[] = [];
	const resolved = async (key: IdKey): Promise<IdRange[]> => {
		const database = key.endsWith('Uids') ? 'passwd' : 'group';
		const ids = await resolveIds(config[key], database);
		for (const name of ids.filter((id) => typeof id === 'string'))
			unknown.push(
				`${key} (${written.get(key)?.origin}): there is no ${database === 'passwd' ? 'user' : 'group'} "${name}"`,
			);
		return ids.filter((id) => typeof id !== 'string');
	};
	const capture = {
		...config,
		ignoreUids: await resolved('ignoreUids'),
		ignoreGids: await resolved('ignoreGids'),
		onlyUids: await resolved('onlyUids'),
		onlyGids: await resolved('onlyGids'),
	};
	if (unknown.length === 0) return capture;
	const why = unknown.map((line) => `\n  ${line}; allowed: ids, ranges, and names that this host knows`).join('');
	throw new Failure('config', `Cannot use the settings:${why}`, 'Create the user or group, or write its id');
}

type IdKey = 'ignoreUids' | 'ignoreGids' | 'onlyUids' | 'onlyGids';

/** Addresses and listeners change while we run: looked at anew each time. What the host cannot meet is a Failure. */
export async function aimOf(survey: Survey): Promise<Aim> {
	const { isOn, past } = await ipv6Choice(survey);
	const guarded: readonly Family[] = readIpv6(survey.tools).hasRules ? ['ipv4', 'ipv6'] : ['ipv4'];
	return aim(survey, isOn ? ['ipv4', 'ipv6'] : ['ipv4'], guarded, past);
}

/**
 * While interception is on: IPv6 that is captured stays so, also while the kernel has it switched off, when nothing but
 * its routes goes; IPv6 that has come up since is captured too.
 */
export async function aimAgain(survey: Survey, before: Aim): Promise<Aim> {
	const { target } = before;
	if (!isCapturing(target.rules.ipv6)) {
		const now = before.ipv6Past === '' ? await aimOf(survey) : before;
		// A guard that the kernel has refused once is not asked for again.
		return isCapturing(now.target.rules.ipv6) ? now : before;
	}
	const wanted: readonly Family[] = readIpv6(survey.tools).obstacle === '' ? ['ipv4', 'ipv6'] : ['ipv4'];
	return wanted.length === target.families.length ? before : { ...before, target: { ...target, families: wanted } };
}

const aim = (
	{ config, capture, backend }: Survey,
	families: readonly Family[],
	guarded: readonly Family[],
	ipv6Past: string,
): Aim => ({
	target: buildTarget(capture, backend.name, families, homewardOf(config), guarded),
	ipv6Past,
});

/** Rules and routes on. Unless somebody demands IPv6, a kernel that takes no IPv6 rules keeps nobody from IPv4. */
export async function interceptSurveyed(survey: Survey, signal: AbortSignal, known?: Known): Promise<Hit> {
	const { aim: first, held } = await firstStage(survey, await aimOf(survey), signal);
	const now = held === undefined ? known : new Map(known).set(first.target.dialect, held);
	try {
		return { ...first, known: await intercept(survey.host, first.target, signal, now) };
	} catch (error) {
		const isOptional = !survey.isIpv6Demanded && first.target.rules.ipv6.hooks.length > 0;
		if (!(error instanceof Failure && error.code === 'unsupported' && isOptional)) throw error;
		const isPast = first.target.families.includes('ipv6') || first.ipv6Past !== '';
		const past = isPast ? `the kernel does not take IPv6 rules: ${error.message}` : '';
		const { aim: second } = await firstStage(survey, aim(survey, ['ipv4'], ['ipv4'], past), signal);
		return { ...second, known: await intercept(survey.host, second.target, signal) };
	}
}

/** What is there is read anew: a hook that is believed to be there and is not may have let connections go unseen. */
async function firstStage({ host }: Survey, { target, ...aimed }: Aim, signal: AbortSignal) {
	const firewall = host.firewalls.find(({ dialect }) => dialect === target.dialect);
	const held = firewall === undefined ? undefined : await readHeld(firewall, signal);
	const stage = held === undefined ? 'opening' : stageFor(held, target);
	return { aim: { ...aimed, target: atStage(target, stage) }, held };
}

interface Ipv6Choice {
	readonly isOn: boolean;
	/** Why IPv6 goes past Envoy; '' where it does not. */
	readonly past: string;
}

async function ipv6Choice({ config, tools, isIpv6Demanded }: Survey): Promise<Ipv6Choice> {
	const { hasAddress, obstacle, hasRules } = readIpv6(tools);
	if (config.ipv6 === '1' && (isIpv6Demanded || obstacle === '')) return demanded(obstacle);
	if (!hasAddress) return { isOn: false, past: '' };
	if (config.ipv6 === '0') return { isOn: false, past: hasRules ? 'ipv6 is 0' : `ipv6 is 0, and ${OPEN}: ${obstacle}` };
	if (obstacle !== '') return { isOn: false, past: obstacle };
	const port = config.egressPort;
	const listeners = await readListeners();
	const open = new Set(listeners.flatMap((listener) => (listener.port === port ? [listener.family] : [])));
	// While nobody listens yet (pods start before their Envoy) what it will do is unknown: then nothing may pass.
	const isOn = open.has('ipv6') || open.size === 0;
	return { isOn, past: isOn ? '' : `Envoy listens on port ${port} for IPv4 only` };
}

const OPEN = "others can dial Envoy's own ports over it";

function demanded(obstacle: string): Ipv6Choice {
	if (obstacle === '') return { isOn: true, past: '' };
	const remedy = 'Set ipv6 (APPMESH_ENABLE_IPV6) to auto or 0';
	throw new Failure('config', `Cannot capture IPv6 (ipv6 is 1): ${obstacle}`, remedy);
}
