import { quote } from '../../lib/escape.ts';
import type { Segment } from '../path.ts';
import { type Kind, kinds, parentOf } from '../schema/kinds.ts';
import { partOf, scalar, type Traced, textAt } from '../traced.ts';
import { missing, parameterOf, parameterValue, pseudoParameter, type Scope, unknownName } from './template-scope.ts';

/** Works a value out: its functions are done, what a condition takes away is gone (undefined). */
export type Evaluate = (value: Traced, scope: Scope) => Traced | undefined;

/** `VirtualNode` for `virtualNode`. */
export const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const kindsByType: ReadonlyMap<string, Kind> = new Map(
	(Object.keys(kinds) as Kind[]).map((kind) => [`AWS::AppMesh::${upperFirst(kind)}`, kind]),
);

export const kindOfType = (type: string): Kind | undefined => kindsByType.get(type);

/** The property that holds a kind's own name. */
export const nameProperty = (kind: Kind): string => `${upperFirst(kind)}Name`;

export const resourceOf = ({ template }: Scope, id: string): Traced | undefined =>
	partOf(partOf(template, 'Resources'), id);

/** Of an App Mesh resource its name (CloudFormation gives its ARN, which says the same). */
export function reference(id: string, at: readonly Segment[], scope: Scope, evaluate: Evaluate): Traced | undefined {
	if (id.startsWith('AWS::')) return pseudoParameter(id, at, scope);
	const parameter = parameterOf(scope, id);
	if (parameter !== undefined) return parameterValue(id, parameter, at, scope);
	const given = scope.given.get(id);
	if (given !== undefined) return scalar(given, at);
	const resource = resourceOf(scope, id);
	if (resource === undefined) return unknownName(id, at, scope);
	const kind = kindOfType(textAt(resource, 'Type') ?? '');
	if (kind !== undefined) return property(id, nameProperty(kind), at, scope, evaluate) ?? scalar(id, at);
	return missing(scope, at, id, `${quote(id)} is a resource whose name only AWS knows`);
}

export function attribute(
	id: string,
	name: string,
	at: readonly Segment[],
	scope: Scope,
	evaluate: Evaluate,
): Traced | undefined {
	const given = scope.given.get(`${id}.${name}`);
	if (given !== undefined) return scalar(given, at);
	const resource = resourceOf(scope, id);
	if (resource === undefined) return unknownName(id, at, scope);
	const kind = kindOfType(textAt(resource, 'Type') ?? '');
	if (kind !== undefined && name === 'Arn') return arn(id, kind, at, scope, evaluate);
	if (kind !== undefined && name === nameProperty(kind)) return reference(id, at, scope, evaluate);
	const names = ['MeshName', 'VirtualRouterName', 'VirtualGatewayName'];
	if (kind !== undefined && names.includes(name)) return property(id, name, at, scope, evaluate);
	return missing(scope, at, `${id}.${name}`, `only AWS knows the attribute ${name} of ${quote(id)}`);
}

const property = (
	id: string,
	name: string,
	at: readonly Segment[],
	scope: Scope,
	evaluate: Evaluate,
): Traced | undefined => {
	const value = partOf(partOf(resourceOf(scope, id), 'Properties'), name);
	if (value === undefined) return undefined;
	return scope.once(`${id}.${name}`, at, () => evaluate(value, scope));
};

/** Its region and account do not matter to Envoy. */
function arn(id: string, kind: Kind, at: readonly Segment[], scope: Scope, evaluate: Evaluate): Traced | undefined {
	const names = ['MeshName', ...(parentOf[kind] === undefined ? [] : [nameProperty(parentOf[kind])])];
	const outer = names.map((name) => property(id, name, at, scope, evaluate));
	const own = reference(id, at, scope, evaluate);
	const texts = [...(kind === 'mesh' ? [] : outer), own].map((part) =>
		part?.kind === 'scalar' ? String(part.value) : undefined,
	);
	if (texts.some((text) => text === undefined)) return undefined;
	const labels = [
		'mesh',
		...(parentOf[kind] === undefined ? [] : [parentOf[kind]]),
		...(kind === 'mesh' ? [] : [kind]),
	];
	const path = labels.map((label, index) => `${label}/${texts[index]}`).join('/');
	const [region, account] = ['AWS::Region', 'AWS::AccountId'].map((name) => scope.given.get(name) ?? '');
	return scalar(`arn:aws:appmesh:${region}:${account}:${path}`, at);
}
