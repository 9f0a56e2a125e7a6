import { Failure } from '../failure.ts';
import { etcdPorts } from '../values/etcd-address.ts';
import type { Id, IdRange } from '../values/units.ts';
import type { Loaded } from './merge-sources.ts';
import { presetUsers, withAddresses, withInterfaces, withUnits } from './presets.ts';

/** Resolves user or group names to ids. Unknown names are returned as they are. */
export type ResolveIds = (ids: readonly Id[], database: 'passwd' | 'group') => Promise<readonly (IdRange | string)[]>;

/** Settings with users and groups as ids, and what the presets add. Throws one Failure that lists all unknown names. */
export async function resolveCapture({ config, written }: Pick<Loaded, 'config' | 'written'>, resolveIds: ResolveIds) {
	const unknown: string[] = [];
	const resolved = async (key: IdKey): Promise<IdRange[]> => {
		const database = key.endsWith('Uids') ? 'passwd' : 'group';
		const ids = await resolveIds(config[key], database);
		for (const name of ids.filter((id) => typeof id === 'string'))
			unknown.push(
				`${key} (${written.get(key)?.origin}): unknown ${database === 'passwd' ? 'user' : 'group'} "${name}"`,
			);
		return ids.filter((id) => typeof id !== 'string');
	};
	const capture = {
		...config,
		egressIgnoredIps: withAddresses(config.egressIgnoredIps, config.presets),
		ignoreUnits: withUnits(config.ignoreUnits, config.presets),
		etcdPorts: etcdPorts(config.mesh.definitions),
		interfacesIgnored: withInterfaces(config.interfacesIgnored, config.presets),
		// Envoy runs as the first of them.
		ignoreUids: [
			...(await resolved('ignoreUids')),
			...(await resolveIds(presetUsers(config.presets), 'passwd')).filter(isId),
		],
		ignoreGids: await resolved('ignoreGids'),
		onlyUids: await resolved('onlyUids'),
		onlyGids: await resolved('onlyGids'),
	};
	if (unknown.length === 0) return capture;
	const why = unknown.map((line) => `\n  ${line}; allowed: ids, ranges, and names that this host knows`).join('');
	throw new Failure('config', `Cannot use the settings:${why}`, 'Create the user or group, or write its id');
}

const isId = (id: IdRange | string): id is IdRange => typeof id !== 'string';

type IdKey = 'ignoreUids' | 'ignoreGids' | 'onlyUids' | 'onlyGids';
