import type { Store } from '../store/store.ts';
import { mistakesOf, type StoreStatus } from './control-status.ts';
import type { CurrentMesh } from './current-mesh.ts';
import type { History, HistoryEvent } from './history.ts';

/** What `turnout control status` says of an etcd: what is known without any of those who serve it. */
export interface EtcdStatus {
	readonly store: StoreStatus;
	/** In the order of their names. */
	readonly meshes: readonly { readonly name: string; readonly resources: number }[];
	/** By the API, the newest; absent: none is recorded. */
	readonly changed?: Omit<HistoryEvent, 'before' | 'after'>;
	readonly mistakes: readonly string[];
}

export interface EtcdSources {
	/** As it was named. */
	readonly at: string;
	readonly store: Pick<Store, 'list'>;
	readonly history: Pick<History, 'latest'>;
	readonly mesh: Pick<CurrentMesh, 'read'>;
}

export async function etcdStatus({ at, store, history, mesh }: EtcdSources): Promise<EtcdStatus> {
	const { entries } = await store.list();
	const [newest] = await history.latest(1);
	const byMesh = Map.groupBy(entries, ({ resource }) => resource.mesh);
	return {
		store: { at, ok: true, resources: entries.length },
		meshes: [...byMesh.keys()].sort().map((name) => ({ name, resources: byMesh.get(name)?.length ?? 0 })),
		...(newest === undefined ? {} : { changed: withoutSides(newest) }),
		mistakes: mistakesOf(mesh),
	};
}

const withoutSides = ({ before: _, after: __, ...changed }: HistoryEvent): EtcdStatus['changed'] & object => changed;
