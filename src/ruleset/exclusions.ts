import type { Cidr } from '../values/cidr.ts';
import type { Unit } from '../values/unit-name.ts';
import { type Family, single } from '../values/units.ts';
import type { Capture } from './capture.ts';
import type { Match, Rule } from './model.ts';

/** Exclusions: rules that return before the redirect. */
const ignored = (setting: Rule['setting'], match: Match, because: string): Rule => ({
	setting,
	matches: [match],
	verdict: { kind: 'return' },
	role: 'exclusion',
	because,
});

/** All that settings name. */
export const unitsOf = ({ ignoreUnits, onlyUnits }: Capture): readonly Unit[] => [...ignoreUnits, ...onlyUnits];

/** Those of the units that are there. */
export const cgroupsOf = ({ cgroups = [] }: Capture, units: readonly Unit[]): CgroupMatch[] =>
	cgroups.filter(({ unit }) => units.includes(unit)).map(({ path, id }) => ({ kind: 'cgroup', cgroup: { path, id } }));

type CgroupMatch = Extract<Match, { readonly kind: 'cgroup' }>;

export const ignoredUnits = (capture: Capture): Rule[] =>
	cgroupsOf(capture, capture.ignoreUnits).map((match) => ignored('ignoreUnits', match, 'this unit is ignored'));

type PortsSetting = 'egressIgnoredPorts' | 'ingressIgnoredPorts';

export const ignoredPorts = (capture: Capture, setting: PortsSetting): Rule[] =>
	capture[setting].length === 0
		? []
		: [ignored(setting, { kind: 'ports', ports: capture[setting] }, 'these ports are ignored')];

export function ignoredSources({ ingressIgnoredIps }: Capture, family: Family): Rule[] {
	const cidrs = ofFamily(ingressIgnoredIps, family);
	return cidrs.length === 0 ? [] : [ignored('ingressIgnoredIps', { kind: 'from', cidrs }, 'this source is ignored')];
}

export function ignoredDestinations({ egressIgnoredIps }: Capture, family: Family): Rule[] {
	const cidrs = ofFamily(egressIgnoredIps, family);
	return cidrs.length === 0 ? [] : [ignored('egressIgnoredIps', { kind: 'to', cidrs }, 'this destination is ignored')];
}

/** Envoy is started with what the daemon reads there, and would be waited for in vain. */
export const ownWayToEtcd = ({ etcdPorts = [] }: Capture): Rule[] =>
	etcdPorts.length === 0
		? []
		: [
				{
					matches: [
						{ kind: 'owner', id: 'uid', ranges: [single(0)] },
						{ kind: 'ports', ports: etcdPorts },
					],
					...{ setting: 'etcdPorts', verdict: { kind: 'return' }, role: 'exclusion' },
					because: "root's way to etcd, where the mesh is defined",
				},
			];

export const ofFamily = (cidrs: readonly Cidr[], family: Family): readonly Cidr[] =>
	cidrs.filter((cidr) => cidr.family === family);

export const ignoredInterfaces = ({ interfacesIgnored: interfaces }: Capture, kind: 'in' | 'out'): Rule[] =>
	interfaces.length === 0 ? [] : [ignored('interfacesIgnored', { kind, interfaces }, 'this interface is ignored')];
