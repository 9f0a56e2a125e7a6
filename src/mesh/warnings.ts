import { quote } from '../lib/escape.ts';
import { addressesOf } from './backend-address.ts';
import type { Catalog } from './catalog.ts';
import { limitWarnings } from './limits.ts';
import { mistakeAt } from './mistake-at.ts';
import { resolveNode } from './resolve-node.ts';
import type { Mistake } from './resource.ts';
import { unusedWarnings } from './unused.ts';

/** What is allowed, and probably not meant. Of a catalog without mistakes. */
export const warningsOf = (catalog: Catalog): Mistake[] => [
	...limitWarnings(catalog),
	...unusedWarnings(catalog),
	...catalog.all('virtualNode').flatMap((node) => toldApart(catalog, node.name)),
	...[...catalog.all('virtualNode'), ...catalog.all('virtualGateway')].flatMap((resource) => {
		const format = resource.spec.logging?.accessLog?.file?.format?.text;
		if (format === undefined || format.endsWith('\n')) return [];
		const path = ['spec', 'logging', 'accessLog', 'file', 'format', 'text'];
		return [mistakeAt(resource, path, 'all requests are logged in one line', 'end the format with \\n')];
	}),
];

/** Two TCP services on one port: each has the connections to its addresses. */
function toldApart(catalog: Catalog, name: string): Mistake[] {
	const view = resolveNode(catalog, name);
	const tcp = (view?.backends ?? []).filter(({ protocol }) => protocol === 'tcp');
	return [...Map.groupBy(tcp, ({ port }) => port)].flatMap(([port, backends]) => {
		if (view === undefined || backends.length < 2) return [];
		const parts = backends.map((backend) => {
			const addresses = addressesOf(backend);
			return `${quote(backend.service)} has ${addresses.length === 0 ? 'all others' : addresses.join(', ')}`;
		});
		const why = `tcp services on port ${port} are told apart by the address that is connected to`;
		return [mistakeAt(view.node, ['spec', 'backends'], why, `${parts.join('; ')} (aws-app-mesh-roadmap #195)`)];
	});
}
