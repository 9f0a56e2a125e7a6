import { PULL_CAPTURED } from './captured-pull.ts';
import type { Fact } from './conditions.ts';
import type { EnvoyStatus, Is, Wanted } from './types.ts';

/** Builds status from an observation: state, conditions, counters. This is the input, read just before. */
export interface Observation {
	readonly wanted: Wanted;
	readonly envoy: EnvoyStatus;
	/** What is wrong with Envoy, or ''. */
	readonly envoyWhy: string;
	/** Each line in which the host differs from the desired state. */
	readonly differences: readonly { readonly table: string; readonly kind: string; readonly line: string }[];
	readonly isClean: boolean;
	/** The program, such as the 2019 script, whose rules have our names; undefined: none. */
	readonly predecessor: string | undefined;
	/** The rules were removed because Envoy is down (onEnvoyFailure: open). */
	readonly isLifted: boolean;
	/** Missing rules wait until our Envoy is LIVE. */
	readonly isWaiting: boolean;
	/** Why Docker does not answer; '' if it does, or is not in use. */
	readonly dockerTrouble: string;
	readonly ipv6BypassReason: string;
	/** Why our rule and route are not installed: they would break another program's. */
	readonly routesLeftOut: { readonly why: string; readonly remedy: string } | undefined;
	/** Why rules and routes cannot be repaired. */
	readonly driftProblem: { readonly why: string; readonly remedy: string } | undefined;
	/** Why state could not be written, so that a restart would lose it. */
	readonly stateTrouble: { readonly why: string; readonly remedy: string } | undefined;
	/** Settings that were not confirmed and therefore rolled back. */
	readonly unconfirmed: readonly string[];
	/** Why the rollback after the time to confirm fails; '' if it does not. */
	readonly revertWhy: string;
	/** Facts from further inspections of the host. */
	readonly findings: readonly Fact[];
}

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
	const wrong = observation.differences.filter(({ table }) => table !== 'routing');
	const [first] = wrong;
	if (is === 'waiting')
		return { subject: 'rules', ok: false, why: 'they wait for Envoy to be LIVE', remedy: 'turnout wait' };
	if (is === 'lifted')
		return {
			subject: 'rules',
			ok: false,
			why: 'they are lifted while Envoy is down',
			remedy: 'They are restored when Envoy is LIVE; see turnout logs',
		};
	if (first === undefined) return { subject: 'rules', ok: true };
	if (observation.wanted === 'disabled' && observation.predecessor !== undefined)
		return predecessorFact(observation.predecessor);
	const why = `${wrong.length === 1 ? '1 line differs' : `${wrong.length} lines differ`} from the desired state, first: ${first.kind} in ${first.table}: ${first.line}`;
	return { subject: 'rules', ok: false, why, remedy: `turnout diff, then: turnout ${observation.wanted.slice(0, -1)}` };
}

/** `name`: of the program whose rules have our names. */
export const predecessorFact = (name: string): Fact => ({
	subject: 'rules',
	ok: false,
	why: `${name} redirects connections here: its rules were found and left as they are`,
	remedy: 'turnout takeover, which replaces them by ours without a gap; turnout disable removes them',
});

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

export function envoyFact({ envoy, envoyWhy }: Pick<Observation, 'envoy' | 'envoyWhy'>): Fact {
	if (envoyWhy === '') return { subject: 'envoy', ok: true };
	return { subject: 'envoy', ok: false, why: envoyWhy, remedy: envoyRemedy(envoy, envoyWhy) };
}

/** For reasons given by src/connections/listener-gaps.ts, which begin with `on`. */
const ADDRESSES =
	'Let it listen on 0.0.0.0 and ::, or see bridges (TURNOUT_CAPTURE_BRIDGES) and ipv6 (APPMESH_ENABLE_IPV6)';

function envoyRemedy({ runtime, state, retryMs }: EnvoyStatus, why: string): string {
	if (why.startsWith('on ')) return ADDRESSES;
	if (runtime === 'none') return 'Start Envoy, or let turnout run it (envoy.runtime)';
	if (why.startsWith('Envoy does not answer')) return 'It is restarted if it stays so; see turnout logs';
	if (state === 'live') return 'See turnout logs, and the listeners of its bootstrap (envoy.config)';
	if (why.includes(PULL_CAPTURED))
		return 'turnout disable, and turnout enable once Envoy is LIVE; or exclude the registry with egressIgnoredIps';
	if (state === 'silent') return 'It is restarted as soon as Docker can do it (see docker); see turnout logs';
	if (retryMs !== undefined) return `It is restarted after ${retryMs} ms; see turnout logs`;
	return state === 'failed' ? 'turnout logs, then restart turnout' : 'turnout wait';
}

/** Part of the message of host/docker/time-limit.ts. */
const HANGS = 'does not answer within';

function dockerFact({ envoy, dockerTrouble }: Observation): Fact {
	if (dockerTrouble === '') return { subject: 'docker', ok: true };
	const verb = dockerTrouble.includes(HANGS) ? 'Restart' : 'Start';
	const meanwhile =
		envoy.state === 'silent'
			? 'Envoy cannot be restarted before that'
			: 'Envoy and the rules stay as they are meanwhile';
	const remedy = `${verb} Docker; ${meanwhile}`;
	return { subject: 'docker', ok: false, why: dockerTrouble, remedy };
}

export function ipv6Fact({ ipv6BypassReason }: Pick<Observation, 'ipv6BypassReason'>): Fact {
	if (ipv6BypassReason === '') return { subject: 'ipv6', ok: true };
	const remedy = 'Let Envoy listen on IPv6 too, and see ipv6 (APPMESH_ENABLE_IPV6)';
	return { subject: 'ipv6', ok: false, why: `IPv6 bypasses Envoy: ${ipv6BypassReason}`, remedy };
}

const stateFact = ({ stateTrouble }: Observation): Fact =>
	stateTrouble === undefined ? { subject: 'state', ok: true } : { subject: 'state', ok: false, ...stateTrouble };

/** Present only while the rollback fails. */
function confirmFacts({ revertWhy }: Observation): Fact[] {
	if (revertWhy === '') return [];
	const why = `the time to confirm is over, and the rollback fails: ${revertWhy}`;
	return [{ subject: 'confirm', ok: false, why, remedy: 'It is retried; or turnout revert, turnout disable' }];
}

/** Present only after a rollback of settings. */
function settingsFacts({ unconfirmed }: Observation): Fact[] {
	if (unconfirmed.length === 0) return [];
	const [was, it] = unconfirmed.length === 1 ? ['was', 'it'] : ['were', 'them'];
	const why = `${unconfirmed.join(', ')} ${was} not confirmed: the former settings are in effect, but a restart would apply ${it}`;
	return [
		{
			subject: 'settings',
			ok: false,
			why,
			remedy: `Undo the change at its source, or apply it: turnout reload`,
		},
	];
}
