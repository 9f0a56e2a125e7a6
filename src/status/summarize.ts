import { PULL_CAPTURED } from './captured-pull.ts';
import type { Fact } from './conditions.ts';
import type { EnvoyStatus, Is, Wanted } from './types.ts';

/** What status is made from, all of it read a moment ago. */
export interface Observation {
	readonly wanted: Wanted;
	readonly envoy: EnvoyStatus;
	/** Why Envoy is not as it should be, where it is not. */
	readonly envoyWhy: string;
	/** Each line in which the host is not as wanted. */
	readonly differences: readonly { readonly table: string; readonly kind: string; readonly line: string }[];
	readonly isClean: boolean;
	/** The rules were taken away because Envoy is gone (onEnvoyFailure: open). */
	readonly isLifted: boolean;
	/** Our Envoy is not LIVE: rules that are not there wait for it. */
	readonly isWaiting: boolean;
	/** Why Docker does not answer; '' while it does, or is not in use. */
	readonly dockerTrouble: string;
	readonly ipv6BypassReason: string;
	/** Why our rule and route are left out for the sake of others. */
	readonly routesLeftOut: { readonly why: string; readonly remedy: string } | undefined;
	/** What keeps rules and routes from being put right. */
	readonly driftProblem: { readonly why: string; readonly remedy: string } | undefined;
	/** What a restart would not find. */
	readonly stateTrouble: { readonly why: string; readonly remedy: string } | undefined;
	/** Settings that nobody has confirmed: what was before holds. */
	readonly unconfirmed: readonly string[];
	/** What keeps us from going back to what was before, once the time to confirm is over; '' where nothing does. */
	readonly revertWhy: string;
	/** What was found by looking at more of the host. */
	readonly findings: readonly Fact[];
}

/** One word for all of it. */
export function overallState({ wanted, differences, isClean, isLifted, isWaiting }: Observation): Is {
	if (wanted === 'disabled') return isClean ? 'disabled' : 'degraded';
	if (isLifted && isClean) return 'lifted';
	if (isWaiting && differences.length > 0) return 'waiting';
	return differences.length === 0 ? 'enabled' : 'degraded';
}

export function factsOf(observation: Observation): Fact[] {
	const facts = [rulesFact, routesFact, repairsFact, envoyFact, ipv6Fact, stateFact].map((fact) => fact(observation));
	const docker = observation.envoy.runtime === 'docker' ? [dockerFact(observation)] : [];
	return [...facts, ...docker, ...settingsFacts(observation), ...confirmFacts(observation), ...observation.findings];
}

function rulesFact(observation: Observation): Fact {
	const is = overallState(observation);
	const off = observation.differences.filter(({ table }) => table !== 'routing');
	const [first] = off;
	if (is === 'waiting')
		return { subject: 'rules', ok: false, why: 'they wait for Envoy to be LIVE', remedy: 'turnout wait' };
	if (is === 'lifted')
		return {
			subject: 'rules',
			ok: false,
			why: 'they are lifted while Envoy is away',
			remedy: 'They come back when Envoy is LIVE; see turnout logs',
		};
	if (first === undefined) return { subject: 'rules', ok: true };
	const why = `${off.length === 1 ? '1 line is' : `${off.length} lines are`} not as wanted, the first: ${first.kind} in ${first.table}: ${first.line}`;
	return { subject: 'rules', ok: false, why, remedy: `turnout diff, then: turnout ${observation.wanted.slice(0, -1)}` };
}

function routesFact(observation: Observation): Fact {
	const { differences, wanted, routesLeftOut } = observation;
	const first = differences.find(({ table }) => table === 'routing');
	if (first === undefined && routesLeftOut !== undefined) return { subject: 'routes', ok: false, ...routesLeftOut };
	if (first === undefined) return { subject: 'routes', ok: true };
	if (overallState(observation) === 'waiting')
		return { subject: 'routes', ok: false, why: 'they wait for Envoy to be LIVE', remedy: 'turnout wait' };
	return {
		subject: 'routes',
		ok: false,
		why: `${first.kind}: ${first.line}`,
		remedy: `turnout ${wanted.slice(0, -1)}`,
	};
}

function repairsFact({ driftProblem }: Observation): Fact {
	if (driftProblem === undefined) return { subject: 'repairs', ok: true };
	return { subject: 'repairs', ok: false, ...driftProblem };
}

function envoyFact({ envoy, envoyWhy }: Observation): Fact {
	if (envoyWhy === '') return { subject: 'envoy', ok: true };
	return { subject: 'envoy', ok: false, why: envoyWhy, remedy: envoyRemedy(envoy, envoyWhy) };
}

/** As src/connections/listener-gaps.ts says it. */
const ADDRESSES =
	'Let it listen at 0.0.0.0 and ::, or see bridges (TURNOUT_CAPTURE_BRIDGES) and ipv6 (APPMESH_ENABLE_IPV6)';

function envoyRemedy({ runtime, state, retryMs }: EnvoyStatus, why: string): string {
	if (why.startsWith('on ')) return ADDRESSES;
	if (runtime === 'none') return 'Start Envoy, or let turnout run it (envoy.runtime)';
	if (why.startsWith('Envoy does not answer')) return 'It is started anew if it goes on so; see turnout logs';
	if (state === 'live') return 'See turnout logs, and the listeners of its bootstrap (envoy.config)';
	if (why.includes(PULL_CAPTURED))
		return 'turnout disable, and turnout enable once Envoy is LIVE; or let pulls past with egressIgnoredIps';
	if (state === 'silent') return 'It is started anew as soon as Docker can do it (see docker); see turnout logs';
	if (retryMs !== undefined) return `It is started again after ${retryMs} ms; see turnout logs`;
	return state === 'failed' ? 'turnout logs, then restart turnout' : 'turnout wait';
}

/** As its failure says it (host/docker/limit.ts). */
const HANGS = 'does not answer within';

function dockerFact({ envoy, dockerTrouble }: Observation): Fact {
	if (dockerTrouble === '') return { subject: 'docker', ok: true };
	const verb = dockerTrouble.includes(HANGS) ? 'Restart' : 'Start';
	const meanwhile =
		envoy.state === 'silent'
			? 'only then Envoy can be started again'
			: 'Envoy and the rules stay as they are meanwhile';
	const remedy = `${verb} Docker; ${meanwhile}`;
	return { subject: 'docker', ok: false, why: dockerTrouble, remedy };
}

function ipv6Fact({ ipv6BypassReason }: Observation): Fact {
	if (ipv6BypassReason === '') return { subject: 'ipv6', ok: true };
	const remedy = 'Let Envoy listen on IPv6 too, and see ipv6 (APPMESH_ENABLE_IPV6)';
	return { subject: 'ipv6', ok: false, why: `IPv6 goes past Envoy: ${ipv6BypassReason}`, remedy };
}

const stateFact = ({ stateTrouble }: Observation): Fact =>
	stateTrouble === undefined ? { subject: 'state', ok: true } : { subject: 'state', ok: false, ...stateTrouble };

/** While it is so. */
function confirmFacts({ revertWhy }: Observation): Fact[] {
	if (revertWhy === '') return [];
	const why = `the time to confirm is over, and going back to what was before fails: ${revertWhy}`;
	return [{ subject: 'confirm', ok: false, why, remedy: 'It is tried again; or turnout revert, turnout disable' }];
}

/** Only once it has happened. */
function settingsFacts({ unconfirmed }: Observation): Fact[] {
	if (unconfirmed.length === 0) return [];
	const [was, it] = unconfirmed.length === 1 ? ['was', 'it'] : ['were', 'them'];
	const why = `${unconfirmed.join(', ')} ${was} not confirmed: what was before holds, and a restart would take ${it}`;
	return [
		{
			subject: 'settings',
			ok: false,
			why,
			remedy: `Change ${it} back where ${it} stands, or take ${it}: turnout reload`,
		},
	];
}
