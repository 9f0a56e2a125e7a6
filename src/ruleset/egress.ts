import type { Family, IdRange } from '../values/units.ts';
import { ownersOf } from './answers.ts';
import type { Capture } from './capture.ts';
import {
	cgroupsOf,
	ignoredDestinations,
	ignoredInterfaces,
	ignoredPorts,
	ignoredUnits,
	ofFamily,
	ownWayToEtcd,
} from './exclusions.ts';
import type { Chain, ChainName, Match, Reason, Rule } from './model.ts';

/** An only-list: a connection must match one of the alternatives. */
interface Stage {
	readonly chain: ChainName;
	readonly setting: Rule['setting'];
	readonly alternatives: readonly (readonly Match[])[];
	readonly because: string;
	/** Why one that matches none is not captured. */
	readonly otherwise: string;
}

/** Outbound connections of this host, and of containers on captured bridges. */
export function buildEgress(capture: Capture, family: Family): Chain[] {
	const destinations = [onlyIps(capture, family), onlyPorts(capture)].filter((stage) => stage !== undefined);
	const users = onlyUsers(capture);
	const direct = [...ignoredPorts(capture, 'egressIgnoredPorts'), ...ignoredDestinations(capture, family)];
	const stages = users === undefined ? destinations : [users, ...destinations];
	const egress: Chain = {
		table: 'nat',
		name: 'APPMESH_EGRESS',
		hooks: [{ at: 'OUTPUT', matches: [{ kind: 'syn' }, leaving], because: 'connections from this host to others' }],
		rules: [
			...owners(capture),
			...ignoredUnits(capture),
			...ownWayToEtcd(capture),
			...direct,
			...ignoredInterfaces(capture, 'out'),
			...redirectOrJump(stages, capture),
		],
		...otherwise(stages),
	};
	return [
		egress,
		...bridge(capture, [...ignoredInterfaces(capture, 'in'), ...direct], destinations),
		...stageChains(users, destinations, capture),
	];
}

const otherwise = ([stage]: readonly Stage[]): { readonly otherwise?: Reason } =>
	stage === undefined ? {} : { otherwise: { setting: stage.setting, because: stage.otherwise } };

const leaving: Match = { kind: 'local', end: 'destination', is: false };

function owners({ ignoreUids, ignoreGids }: Capture): Rule[] {
	const rule = (id: 'uid' | 'gid', ranges: readonly IdRange[]): Rule => ({
		matches: [{ kind: 'owner', id, ranges }],
		verdict: { kind: 'return' },
		role: 'owner',
		setting: id === 'uid' ? 'ignoreUids' : 'ignoreGids',
		because:
			id === 'uid' ? "this user's traffic is ignored (Envoy's own)" : "this group's traffic is ignored (Envoy's own)",
	});
	return [
		...(ignoreUids.length === 0 ? [] : [rule('uid', ignoreUids)]),
		...(ignoreGids.length === 0 ? [] : [rule('gid', ignoreGids)]),
	];
}

/** Forwarded traffic has no owner, so the lists of users do not apply to it. */
function bridge(capture: Capture, exclusions: readonly Rule[], destinations: readonly Stage[]): Chain[] {
	if (capture.bridges.length === 0) return [];
	return [
		{
			table: 'nat',
			name: 'APPMESH_BRIDGE',
			hooks: capture.bridges.map((name) => ({
				at: 'PREROUTING',
				matches: [{ kind: 'in', interfaces: [name] }, { kind: 'syn' }, leaving],
				because: 'connections of containers on this bridge to other hosts',
			})),
			rules: [...exclusions, ...redirectOrJump(destinations, capture)],
			...otherwise(destinations),
		},
	];
}

/** If none of the units is there, nothing is captured for them. */
function onlyUsers(capture: Capture): Stage | undefined {
	const { onlyUids, onlyGids, onlyUnits } = capture;
	const owners = [...ownersOf(onlyUids, onlyGids), ...cgroupsOf(capture, onlyUnits)];
	const whose = onlyUnits.length === 0 ? 'users and groups' : 'users, groups and units';
	const setting = (['onlyUids', 'onlyGids', 'onlyUnits'] as const).find((key) => capture[key].length > 0);
	return setting === undefined
		? undefined
		: {
				...{ chain: 'APPMESH_EGRESS', setting, because: `only these ${whose}` },
				alternatives: owners.map((owner) => [owner]),
				otherwise: `only the listed ${whose} are captured, and this is none of them`,
			};
}

/** If the list has addresses of the other family only, there is no alternative: nothing of this family is captured. */
function onlyIps({ egressOnlyIps }: Capture, family: Family): Stage | undefined {
	if (egressOnlyIps.length === 0) return undefined;
	const cidrs = ofFamily(egressOnlyIps, family);
	const alternatives = cidrs.length === 0 ? [] : [[{ kind: 'to', cidrs } as const]];
	return {
		...{ chain: 'APPMESH_ONLY_IP', setting: 'egressOnlyIps', alternatives, because: 'only these destinations' },
		otherwise: 'only the listed destinations are captured, and this is none of them',
	};
}

function onlyPorts({ egressOnlyPorts: ports }: Capture): Stage | undefined {
	return ports.length === 0
		? undefined
		: {
				chain: 'APPMESH_ONLY_PORT',
				setting: 'egressOnlyPorts',
				alternatives: [[{ kind: 'ports', ports }]],
				because: 'only these ports',
				otherwise: 'only the listed ports are captured, and this is none of them',
			};
}

/** Alternatives of the first stage jump to the next stage's chain, or redirect to Envoy after the last stage. */
function redirectOrJump([stage, next]: readonly Stage[], { egressPort }: Capture): Rule[] {
	const captured = "leaves through Envoy's outbound listener";
	const redirect = { verdict: { kind: 'redirect', port: egressPort }, role: 'redirect' } as const;
	if (stage === undefined)
		return [{ matches: [], ...redirect, setting: 'egressPort', because: `all else ${captured}` }];
	return stage.alternatives.map((matches) =>
		next === undefined
			? { matches, ...redirect, setting: stage.setting, because: `${stage.because}: ${captured}` }
			: { matches, verdict: { kind: 'jump', chain: next.chain }, setting: stage.setting, because: stage.because },
	);
}

/** Chains for the stages that another stage jumps to. */
function stageChains(users: Stage | undefined, destinations: readonly Stage[], capture: Capture): Chain[] {
	const entered = users === undefined ? destinations.slice(1) : destinations;
	return entered.map((stage) => {
		const stages = destinations.slice(destinations.indexOf(stage));
		const rules = redirectOrJump(stages, capture);
		return { table: 'nat', name: stage.chain, hooks: [], rules, ...otherwise(stages) };
	});
}
