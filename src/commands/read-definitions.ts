import { understood } from '../cli/arguments.ts';
import type { Config } from '../config/schema.ts';
import { readDefinitions } from '../host/files/definitions.ts';
import type { DefinitionFile } from '../mesh/load-mesh.ts';
import { type EtcdAddress, etcdAmong } from '../values/etcd-address.ts';

/** Of files and folders, or of the etcd that is named in their place. */
export async function definitionsAt(
	places: readonly string[],
	settings: Config['mesh'],
): Promise<readonly DefinitionFile[]> {
	const address = etcdOf(places);
	if (address === undefined) return readDefinitions(places);
	return (await import('../host/etcd/open-etcd.ts')).readEtcdOnce({ address, settings });
}

/** Those of the settings were looked at when these were read. */
export const etcdOf = (places: readonly string[]): EtcdAddress | undefined => understood(() => etcdAmong(places));
