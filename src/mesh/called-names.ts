import { quote } from '../lib/escape.ts';
import { isIpLiteral } from '../values/ip-literal.ts';
import { mistakeAt } from './mistake-at.ts';
import type { Segment } from './path.ts';
import { serviceName } from './reference.ts';
import type { NodeView } from './resolve-node.ts';
import type { Mistake, ResourceOf } from './resource.ts';

/** A name that a host has to find: the application that of a service, Envoy those of the nodes behind it. */
export interface CalledName {
	readonly name: string;
	readonly isService: boolean;
	readonly from: ResourceOf<'virtualNode'>;
	readonly path: readonly Segment[];
}

export function calledNames({ node, backends }: NodeView): CalledName[] {
	const provided = new Set(backends.map(({ service }) => service));
	const services = (node.spec.backends ?? []).map(({ virtualService }, at) => ({
		...{ name: serviceName(virtualService?.virtualServiceName ?? ''), isService: true, from: node },
		path: ['spec', 'backends', at, 'virtualService', 'virtualServiceName'],
	}));
	const targets = new Set(
		backends.flatMap(({ routes }) => routes.flatMap((route) => route.targets.map((each) => each.node))),
	);
	const hosts = [...targets].map((from) => ({
		...{ name: from.spec.serviceDiscovery?.dns?.hostname.replace(/\.$/, '') ?? '', isService: false, from },
		path: ['spec', 'serviceDiscovery', 'dns', 'hostname'],
	}));
	const known = [...services.filter(({ name }) => provided.has(name)), ...hosts];
	return known.filter(({ name }) => name !== '' && !isIpLiteral(name) && !name.includes('*'));
}

/** What looking up has found; undefined: nothing was said in time. */
type Found = ReadonlyMap<string, readonly string[] | undefined>;

export function nameWarnings(
	names: readonly CalledName[],
	found: Found,
	isLocal: (address: string) => boolean,
): Mistake[] {
	const [first, ...late] = names.filter(({ name }) => found.get(name) === undefined);
	return [
		...names.flatMap((called) => warningOf(called, found.get(called.name), isLocal)),
		...(first === undefined ? [] : [unsaid(first, late.length)]),
	];
}

function warningOf(
	{ name, isService, from, path }: CalledName,
	addresses: readonly string[] | undefined,
	isLocal: (address: string) => boolean,
): Mistake[] {
	if (addresses?.length === 0) {
		const why = `${quote(name)} does not resolve on this host`;
		const hint = isService
			? 'programs connect to it by this name: give it any address that is not of this host, by DNS or in /etc/hosts'
			: 'Envoy connects to it by this name';
		return [mistakeAt(from, path, why, hint)];
	}
	const local = isService ? addresses?.find(isLocal) : undefined;
	if (local === undefined) return [];
	const why = `${quote(name)} is ${local} on this host, and connections within a host are never captured`;
	return [mistakeAt(from, path, why, 'give it an address that is not of this host')];
}

const unsaid = ({ name, from, path }: CalledName, more: number): Mistake =>
	mistakeAt(
		from,
		path,
		`whether ${quote(name)}${more === 0 ? '' : ` and ${more} more ${more === 1 ? 'name' : 'names'}`} resolve on this host could not be told in time`,
		'see whether a name server answers',
	);
