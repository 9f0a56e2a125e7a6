import type { Cidr } from '../values/cidr.ts';
import type { Family, InterfaceName, PortRange } from '../values/units.ts';
import type { Match, Rule } from './model.ts';

/** Exclusions: rules that return before the redirect. */
const ignored = (match: Match, because: string): Rule => ({
	matches: [match],
	verdict: { kind: 'return' },
	role: 'exclusion',
	because,
});

export const ignoredPorts = (ports: readonly PortRange[]): Rule[] =>
	ports.length === 0 ? [] : [ignored({ kind: 'ports', ports }, 'these ports are ignored')];

export const ignoredAddresses = (cidrs: readonly Cidr[], family: Family, kind: 'from' | 'to'): Rule[] =>
	cidrs
		.filter((cidr) => cidr.family === family)
		.map((cidr) => ignored({ kind, cidr }, `this ${kind === 'from' ? 'source' : 'destination'} is ignored`));

export const ignoredInterfaces = (names: readonly InterfaceName[], kind: 'in' | 'out'): Rule[] =>
	names.map((name) => ignored({ kind, interface: name }, 'this interface is ignored'));
