import { type Validation, validateBootstraps } from '../../host/envoy/validate-bootstraps.ts';
import type { Catalog } from '../../mesh/catalog.ts';
import { mergeBootstrap } from '../../xds/merge-bootstrap.ts';
import { renderProxy } from '../../xds/render-proxy.ts';
import { staticBootstrap } from '../../xds/static-bootstrap.ts';
import { someSds, validationBootstrap } from '../../xds/validation-bootstrap.ts';
import type { Task } from './task.ts';

/** What Envoy's own validation says of every node and gateway. */
export function askEnvoy({ given, settings, terminal }: Task, catalogs: readonly Catalog[]): Promise<Validation[]> {
	const command = given['envoy-command'];
	return validateBootstraps(
		typeof command === 'string' ? command : settings.config.envoy.command,
		new Map(catalogs.flatMap((catalog) => bootstrapsOf(catalog, settings.config))),
		terminal.signal,
	);
}

type Ports = Pick<Task['settings']['config'], 'ingressPort' | 'egressPort'>;

function bootstrapsOf(catalog: Catalog, { ingressPort, egressPort }: Ports): (readonly [string, object])[] {
	return [...catalog.all('virtualNode'), ...catalog.all('virtualGateway')].flatMap((proxy) => {
		const rendered = renderProxy(catalog, { ...proxy }, { ingressPort, egressPort, hasSds: true });
		if (rendered === undefined) return [];
		const { id, snapshot } = rendered;
		const whole = mergeBootstrap(staticBootstrap(snapshot, { id, cluster: id }), someSds);
		return [[id, validationBootstrap(whole)] as const];
	});
}
