import { quote } from '../lib/escape.ts';
import { addressesAt } from './backend-address.ts';
import type { Catalog } from './catalog.ts';
import { limitWarnings } from './limits.ts';
import { mistakeAt } from './mistake-at.ts';
import { missingBackends } from './references.ts';
import type { Mistake, ResourceOf } from './resource.ts';
import { calledPorts } from './service-ports.ts';
import { unusedWarnings } from './unused.ts';

/** What is allowed, and probably not meant. Of a catalog without mistakes. */
export const warningsOf = (catalog: Catalog): Mistake[] => [
	...missingBackends(catalog).map(({ why, ...rest }) => ({ ...rest, why: `${why}, so that the backend is left out` })),
	...limitWarnings(catalog),
	...unusedWarnings(catalog),
	...catalog.all('virtualNode').flatMap((node) => toldApart(catalog, node)),
	...[...catalog.all('virtualNode'), ...catalog.all('virtualGateway')].flatMap((resource) => {
		const format = resource.spec.logging?.accessLog?.file?.format?.text;
		if (format === undefined || format.endsWith('\n')) return [];
		const path = ['spec', 'logging', 'accessLog', 'file', 'format', 'text'];
		return [mistakeAt(resource, path, 'all requests are logged in one line', 'end the format with \\n')];
	}),
];

/** Two TCP services on one port: each has the connections to its addresses. */
const toldApart = (catalog: Catalog, node: ResourceOf<'virtualNode'>): Mistake[] =>
	[...calledPorts(catalog, node)].flatMap(([port, services]) => {
		const tcp = services.filter(({ protocol }) => protocol === 'tcp');
		if (tcp.length < 2) return [];
		const parts = tcp.map((each) => {
			const addresses = addressesAt(catalog, each);
			return `${quote(each.service)} has ${addresses.length === 0 ? 'all others' : addresses.join(', ')}`;
		});
		const why = `tcp services on port ${port} are told apart by the address that is connected to`;
		return [mistakeAt(node, ['spec', 'backends'], why, `${parts.join('; ')} (aws-app-mesh-roadmap #195)`)];
	});
