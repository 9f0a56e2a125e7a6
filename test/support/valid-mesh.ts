// Any mesh without mistakes: drawn from the API's shapes, so that a field that is added there is drawn too, and then made
// to hold together.
import fc from 'fast-check';
import { canonicalYaml } from '../../src/mesh/canonical.ts';
import type { Resource } from '../../src/mesh/resource.ts';
import { type Kind, kinds, type Spec } from '../../src/mesh/schema/kinds.ts';
import type { ObjectShape } from '../../src/mesh/schema/shape.ts';
import { fitMesh } from './fit-mesh.ts';
import { anyName, anyValue, type Choice } from './mesh-generator.ts';
import { validValues } from './valid-values.ts';

export interface Drawn<K extends Kind> {
	readonly name: string;
	/** Which of what is there its own place is in: a route's router, for one. */
	readonly place: number;
	readonly spec: Spec<K>;
}

/** References are numbers yet. */
export interface DrawnMesh {
	readonly mesh: Drawn<'mesh'>;
	readonly services: readonly Drawn<'virtualService'>[];
	readonly nodes: readonly Drawn<'virtualNode'>[];
	readonly routers: readonly Drawn<'virtualRouter'>[];
	readonly routes: readonly Drawn<'route'>[];
	readonly gateways: readonly Drawn<'virtualGateway'>[];
	readonly gatewayRoutes: readonly Drawn<'gatewayRoute'>[];
}

/** All fields of a spec are there more often than not, so that meshes are large; below them anything goes. */
function specOf(kind: Kind, choice: Choice): fc.Arbitrary<unknown> {
	const { required, optional }: ObjectShape = kinds[kind];
	const fields = Object.entries({ ...required, ...optional }).map(
		([key, shape]) => [key, anyValue(shape, choice, `${kind}.${key}`)] as const,
	);
	// All kinds of a route are drawn; one is taken.
	const always = Object.keys(optional).filter((key) => key.endsWith('Route'));
	return fc.oneof(
		{ weight: 3, arbitrary: fc.record(Object.fromEntries(fields)) },
		{
			weight: 1,
			arbitrary: fc.record(Object.fromEntries(fields), { requiredKeys: [...Object.keys(required), ...always] }),
		},
	);
}

/** A name of a service may look like that of another one on a port. */
const serviceName = fc.oneof(
	anyName,
	fc.constantFrom(
		'a',
		'A',
		'a:80',
		'a:15001',
		'*',
		'*.a',
		'a.*',
		'mesh_allow_all',
		'default_backend',
		'turnout_without_provider',
		'192.0.2.1',
	),
);

function drawn<K extends Kind>(kind: K, choice: Choice, name = anyName): fc.Arbitrary<Drawn<K>> {
	const parts = { name, place: fc.nat({ max: 99 }), spec: specOf(kind, choice) };
	return fc.record(parts) as fc.Arbitrary<Drawn<K>>;
}

const several = <K extends Kind>(
	kind: K,
	choice: Choice,
	[minLength, maxLength]: readonly [number, number],
	name = anyName,
) => fc.uniqueArray(drawn(kind, choice, name), { minLength, maxLength, selector: ({ name: own }) => own });

/** Told as definitions that one can save and try. */
const readable = (mesh: readonly Resource[]): readonly Resource[] =>
	Object.assign([...mesh], { [fc.toStringMethod]: () => `\n${canonicalYaml(mesh)}` });

/** `folder`: where the files of certificates are. `withRefused`: also fields that turnout does not take. */
export const anyMesh = (folder = '/certificates', withRefused = false): fc.Arbitrary<readonly Resource[]> => {
	const choice = validValues(folder, withRefused);
	return fc
		.record({
			mesh: drawn('mesh', choice),
			services: several('virtualService', choice, [0, 5], serviceName),
			nodes: several('virtualNode', choice, [1, 4]),
			routers: several('virtualRouter', choice, [0, 3]),
			routes: several('route', choice, [0, 6]),
			gateways: several('virtualGateway', choice, [0, 2]),
			gatewayRoutes: several('gatewayRoute', choice, [0, 5]),
		})
		.map((mesh) => readable(fitMesh(mesh)));
};
