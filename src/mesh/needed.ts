import { quote } from '../lib/escape.ts';
import { gatewayRouteOf } from './gateway-route-kind.ts';
import { serviceName } from './reference.ts';
import type { Resource } from './resource.ts';
import { routeOf } from './route-kind.ts';
import { type Kind, parentOf } from './schema/kinds.ts';

/** A name in a resource's spec that leads to another resource. */
export interface Needed {
	readonly path: string;
	readonly to: Kind;
	readonly name: string;
}

/**
 * What must be there before a resource is, and stay while it is. Not the backends of a node: two nodes may call each
 * other's services, and App Mesh takes names of services that are yet to be made.
 */
export function neededBy(resource: Resource): Needed[] {
	switch (resource.kind) {
		case 'virtualService':
			return providerOf(resource.spec.provider ?? {});
		case 'route': {
			const found = routeOf(resource.spec);
			return (found?.targets ?? []).map(({ virtualNode: name }, at) => {
				return { path: `spec.${found?.key}.action.weightedTargets[${at}].virtualNode`, to: 'virtualNode', name };
			});
		}
		case 'gatewayRoute': {
			const found = gatewayRouteOf(resource.spec);
			if (found === undefined) return [];
			const name = serviceName(found.route.action.target.virtualService.virtualServiceName);
			const path = `spec.${found.key}.action.target.virtualService.virtualServiceName`;
			return [{ path, to: 'virtualService', name }];
		}
		case 'mesh':
		case 'virtualNode':
		case 'virtualRouter':
		case 'virtualGateway':
			return [];
	}
}

function providerOf({
	virtualNode,
	virtualRouter,
}: NonNullable<(Resource & { kind: 'virtualService' })['spec']['provider']>): Needed[] {
	const path = 'spec.provider';
	if (virtualRouter !== undefined)
		return [
			{ path: `${path}.virtualRouter.virtualRouterName`, to: 'virtualRouter', name: virtualRouter.virtualRouterName },
		];
	if (virtualNode === undefined) return [];
	return [{ path: `${path}.virtualNode.virtualNodeName`, to: 'virtualNode', name: virtualNode.virtualNodeName }];
}

type Named = Pick<Resource, 'kind' | 'name' | 'parent'>;

/** What is in a resource, or needs it. */
export interface Use {
	readonly by: Named;
	/** Where it is named; '': it is what the other is in. */
	readonly path: string;
}

/** Why it cannot be deleted. `all`: of its mesh. */
export function findUses(all: readonly Resource[], { kind, name }: Named): Use[] {
	if (kind === 'mesh') return all.filter((each) => each.kind !== 'mesh').map((by) => ({ by, path: '' }));
	return all.flatMap((by) => {
		if (parentOf[by.kind] === kind && by.parent === name) return [{ by, path: '' }];
		const found = neededBy(by).find((needed) => needed.to === kind && needed.name === name);
		return found === undefined ? [] : [{ by, path: found.path }];
	});
}

export const usesOf = (all: readonly Resource[], of: Named): string[] =>
	findUses(all, of).map(({ by, path }) => `${shownName(by)}${path === '' ? '' : ` (${path})`}`);

const shownName = ({ kind, name, parent }: Named): string =>
	`${kind} ${quote(name)}${parent === '' ? '' : ` of ${quote(parent)}`}`;
