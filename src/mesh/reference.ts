import { quote } from '../lib/escape.ts';
import type { Catalog } from './catalog.ts';
import { nearest } from './nearest.ts';
import type { Mistake, ResourceOf } from './resource.ts';
import type { Kind } from './schema/kinds.ts';

export interface Reference {
	readonly from: Pick<ResourceOf<Kind>, 'placeOf'>;
	/** Where the name stands. */
	readonly path: string;
	readonly to: Kind;
	readonly name: string;
}

/** A name that nothing has. What has it and is broken is told by itself. */
export function dangling(catalog: Catalog, { from, path, to, name }: Reference): Mistake[] {
	if (catalog.get(to, name) !== undefined || catalog.isFaulty(to, name)) return [];
	const known = catalog.names(to);
	const near = nearest(name, known);
	const otherwise = known.length === 0 ? `there is no ${to} at all` : `there are ${known.length} others`;
	const hint = near === undefined ? otherwise : `did you mean ${quote(near)}?`;
	return [{ ...from.placeOf(path), why: `no ${to} is called ${quote(name)}`, hint }];
}

/** Traffic is sent to it, so that others must be able to find it. */
export function checkTarget(catalog: Catalog, reference: Reference): Mistake[] {
	const node = catalog.get('virtualNode', reference.name);
	if (node === undefined) return dangling(catalog, reference);
	const tell = (why: string, hint: string): Mistake[] => [{ ...reference.from.placeOf(reference.path), why, hint }];
	const name = `virtual node ${quote(node.name)}`;
	if (node.spec.serviceDiscovery === undefined)
		return tell(`${name} has no serviceDiscovery, so that nobody can find it`, 'give it serviceDiscovery.dns.hostname');
	return (node.spec.listeners ?? []).length > 0 ? [] : tell(`${name} has no listener`, 'give it spec.listeners');
}

/** A service may be named by its ARN: `arn:aws:appmesh:REGION:ACCOUNT:mesh/MESH/virtualService/NAME`. */
export const serviceName = (text: string): string =>
	/^arn:[^/]+:mesh\/[^/]+\/virtualService\/(.+)$/.exec(text)?.[1] ?? text;
