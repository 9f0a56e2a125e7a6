// The guide's mesh, made by the API.
import { addresses } from '../lab/net/layout.ts';
import { guideResources } from './guide-mesh.ts';

type Ask = (method: string, path: string, body?: object) => Promise<{ readonly message?: string }>;

const MESH = '/meshes/simpleapp';
const hosts = { serviceb: addresses.remote.v4, servicebv2: addresses.otherRemote.v4 };

const collections = [
	['routeName', `${MESH}/virtualRouter/serviceB/routes`],
	['virtualNodeName', `${MESH}/virtualNodes`],
	['virtualRouterName', `${MESH}/virtualRouters`],
	['virtualServiceName', `${MESH}/virtualServices`],
	['meshName', '/meshes'],
] as const;

/** Each by another of those who are asked, as one after the other needs what was made before. */
export async function createGuideByApi(askers: readonly Ask[], weights: readonly [number, number]): Promise<void> {
	for (const [at, resource] of guideResources(weights, hosts).entries()) {
		const [name, path] = collections.find(([key]) => key in resource) ?? [];
		const ask = askers[at % askers.length];
		if (ask === undefined || name === undefined || path === undefined) throw new Error('unreachable');
		const { spec, [name]: value } = resource as Record<string, unknown>;
		const { message } = await ask('PUT', path, { [name]: value, spec });
		if (message !== undefined) throw new Error(`${path}: ${message}`);
	}
}

/** Where the weights of service B's versions are. */
export const guideRoute = {
	path: `${MESH}/virtualRouter/serviceB/routes/serviceB-route`,
	body: (weights: readonly [number, number]) => ({
		spec: guideResources(weights, hosts).flatMap((each) =>
			'routeName' in each && 'spec' in each ? [each.spec] : [],
		)[0],
	}),
};
