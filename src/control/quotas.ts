import { quote } from '../lib/escape.ts';
import { laterLimits } from '../mesh/limits.ts';
import { nearest } from '../mesh/nearest.ts';
import type { Resource } from '../mesh/resource.ts';
import { type Kind, parentOf } from '../mesh/schema/kinds.ts';
import { parseNamedValues } from '../values/named-values.ts';
import { ApiFailure } from './api-failure.ts';
import type { View } from './view.ts';

/** How many there may be. App Mesh had others for gateways and their routes, which nothing here needs. */
export type Quotas = Readonly<Record<keyof typeof laterLimits, number>>;

/** `virtualNodes=500,…`; App Mesh's own for what is not named. Throws an Error that says what is wrong. */
export function parseQuotas(text: string): Quotas {
	const known = Object.keys(laterLimits);
	const given = parseNamedValues(text).map(([name, value]) => {
		if (!known.includes(name))
			throw new Error(
				`no limit is called ${quote(name)}; did you mean ${nearest(name, known)}? known: ${known.join(', ')}`,
			);
		if (!/^\d{1,7}$/.test(value)) throw new Error(`${quote(value)} is no number for ${name}`);
		return [name, Number(value)];
	});
	return { ...laterLimits, ...Object.fromEntries(given) };
}

const ofKind: Readonly<Partial<Record<Kind, keyof Quotas>>> = {
	...{ mesh: 'meshes', virtualService: 'virtualServices', virtualNode: 'virtualNodes' },
	...{ virtualRouter: 'virtualRouters', route: 'routesPerVirtualRouter' },
};

/** Throws where one more would be too many. */
export function checkQuota(quotas: Quotas, view: View, { kind, mesh, parent }: Resource): void {
	const name = ofKind[kind];
	if (name === undefined) return;
	const alike = view.entries.filter(({ resource }) => resource.kind === kind && resource.parent === parent);
	const { length } = kind === 'mesh' ? alike : alike.filter(({ resource }) => resource.mesh === mesh);
	const within = parentOf[kind] ?? 'mesh';
	if (length >= quotas[name])
		throw exceeded(name, `${kind === 'mesh' ? 'there are' : `the ${within} has`} ${length} of ${kind}`);
}

export function checkBackendQuota({ backendsPerVirtualNode: most }: Quotas, resource: Resource): void {
	const { length } = resource.kind === 'virtualNode' ? (resource.spec.backends ?? []) : [];
	if (length > most) throw exceeded('backendsPerVirtualNode', `spec.backends: it has ${length}`);
}

const exceeded = (name: string, why: string): ApiFailure =>
	new ApiFailure(
		'LimitExceededException',
		`${why}, which is the limit or above`,
		`raise it: turnout control --limits ${name}=NUMBER`,
	);
