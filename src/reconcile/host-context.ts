import { Failure } from '../failure.ts';
import type { Dialect } from '../firewall/firewall.ts';
import type { Capture } from '../ruleset/capture.ts';
import { longLists } from '../ruleset/long-lists.ts';
import type { Unit } from '../values/unit-name.ts';
import type { BackendChoice, FactualHost, FormerChoice, Obstacle } from './host.ts';

/** The settings that decide how a host is captured. */
export interface HostSettings {
	readonly mark: number;
	readonly routeTable: number;
	readonly backend: string;
	readonly ipv6: string;
	readonly egressPort: number;
	readonly ignoreUnits: readonly Unit[];
	readonly onlyUnits: readonly Unit[];
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
export interface Resolvable<S> {
	readonly config: S;
	readonly capture: Capture;
	/** The variable, flag or file of each setting. */
	readonly written: ReadonlyMap<string, { readonly origin: string }>;
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
	const backend =
		config.backend === 'auto'
			? await host.facts.chooseBackend(former, signal)
			: { name: config.backend as Dialect, why: 'the settings say so' };
	const using = host.using(backend.name);
	const resolvable = { config, capture: wanted, written };
	const units = await usableUnits(() => using.facts.cgroupObstacle(backend.name, signal), resolvable);
	const { hasSets, ...slowLists } = await setsFor(using, wanted, backend.name);
	const capture = { ...wanted, ...host.facts.kernel(), hasSets, ignoreUnits: units.ignored };
	const isIpv6Demanded = config.ipv6 === '1' && written.get('ipv6')?.origin !== CONTROLLER_VARIABLE;
	const { obstacle: ipv6Obstacle } = host.facts.ipv6(backend.name);
	const isImpossible = config.ipv6 === '1' && ipv6Obstacle !== '' && !isIpv6Demanded;
	const ipv6Notices = isImpossible ? [`ipv6 (${CONTROLLER_VARIABLE}): 1 is taken as auto: ${ipv6Obstacle}`] : [];
	const notices = [...ipv6Notices, ...units.notices];
	return { config, capture, host: using, backend, isIpv6Demanded, notices, ...slowLists };
}

async function setsFor(
	{ facts }: FactualHost,
	wanted: Capture,
	backend: Dialect,
): Promise<Pick<HostContext, 'slowLists'> & { readonly hasSets: boolean }> {
	const settings = longLists(wanted);
	if (settings.length === 0) return { hasSets: false };
	if (backend === 'nft') return { hasSets: true };
	const obstacle = await facts.setObstacle();
	return obstacle === '' ? { hasSets: true } : { hasSets: false, slowLists: { settings, obstacle } };
}

/** Those that presets add are left out where the host cannot tell units apart; what a person asks for is refused. */
export async function usableUnits(
	readObstacle: () => Promise<Obstacle | undefined>,
	{ config, capture, written }: Resolvable<Pick<HostSettings, 'ignoreUnits' | 'onlyUnits'>>,
): Promise<{ readonly ignored: readonly Unit[]; readonly notices: readonly string[] }> {
	const all = { ignored: capture.ignoreUnits, notices: [] };
	if (capture.ignoreUnits.length + capture.onlyUnits.length === 0) return all;
	const obstacle = await readObstacle();
	if (obstacle === undefined) return all;
	const asked = (['onlyUnits', 'ignoreUnits'] as const).find((key) => config[key].length > 0);
	if (asked === undefined) return { ignored: [], notices: [`presets: units are not ignored: ${obstacle.why}`] };
	const origin = written.get(asked)?.origin;
	throw new Failure('unsupported', `Cannot use ${asked} (${origin}): ${obstacle.why}`, obstacle.remedy);
}
