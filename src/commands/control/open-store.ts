import type { Given } from '../../cli/arguments.ts';
import type { Definitions } from '../../control/current-mesh.ts';
import type { History } from '../../control/history.ts';
import type { Pages } from '../../control/pages.ts';
import { Failure } from '../../failure.ts';
import { openDefinitionFolder } from '../../host/files/definition-folder.ts';
import { readDefinitions } from '../../host/files/definitions.ts';
import { createHistoryFile, prepareHistoryFile } from '../../host/files/history-file.ts';
import type { Log } from '../../log.ts';
import { createFolderStore } from '../../store/folder-store.ts';
import type { Store } from '../../store/store.ts';
import { isEtcd } from '../../values/etcd-address.ts';
import type { MeshSettings } from '../mesh/mesh-settings.ts';
import { parametersOf } from '../mesh/task.ts';
import { openEtcdAt } from '../shared-etcd.ts';
import { definitionsOf } from './definitions-of.ts';
import { historyFileFor } from './history-place.ts';
import { keepClaimed } from './keep-claimed.ts';

export interface OpenStore {
	readonly store: Store;
	/** The same, as hosts read it. */
	readonly definitions: Definitions;
	/** Where resources are, and changes are recorded. */
	readonly shown: { readonly definitions: string; readonly history: string };
	/** Keeps others away that may not change it too, and answers `pages` there. */
	readonly claim: (pages: Pages) => Promise<Disposable | undefined>;
	/** To be called once it is claimed. */
	readonly openHistory: () => Promise<History>;
}

/** The folder that is to be changed, or etcd. */
export async function openStore(
	given: Given,
	settings: MeshSettings,
	log: Log,
	signal: AbortSignal,
): Promise<OpenStore> {
	const place = definitionsOf(given, settings.config.mesh.definitions);
	const parameters = parametersOf(given, settings);
	if (isEtcd(place)) {
		const { folder, definitions, history } = await openEtcd(place, settings, log, signal);
		return {
			...{ store: createFolderStore(folder, parameters), definitions, openHistory: async () => history },
			shown: { definitions: place, history: place },
			// Any number serves one etcd.
			claim: async () => undefined,
		};
	}
	const folder = openDefinitionFolder(place, (why) => log('warn', 'definitions are not watched', { why }));
	const historyFile = historyFileFor(given, folder.root, process.env);
	return {
		store: createFolderStore(folder, parameters),
		definitions: { read: () => readDefinitions([folder.root]), watch: folder.watch },
		shown: { definitions: folder.root, history: historyFile },
		claim: (pages) => keepClaimed({ ...folder, log, signal }, pages),
		openHistory: () => openHistoryFile(historyFile, log),
	};
}

async function openHistoryFile(path: string, log: Log): Promise<History> {
	await prepareHistoryFile(path);
	return createHistoryFile(path, {
		onUnreadable: (file, lines) => log('warn', 'the history has lines that cannot be read', { file, lines }),
	});
}

async function openEtcd(place: string, { config }: MeshSettings, log: Log, signal: AbortSignal) {
	const onAway = (failure: Failure | undefined) =>
		failure === undefined
			? log('info', 'etcd is back', { definitions: place })
			: log('error', 'etcd is away, and nothing can be changed', { why: failure.message, remedy: failure.remedy });
	const { session, address, ...etcd } = await openEtcdAt(place, config.mesh, onAway, signal);
	const { mirror } = session;
	const read = () => {
		const content = mirror.content();
		if (content === undefined) throw mirror.away() ?? new Failure('state', `Cannot read ${place}`, 'See its log');
		return etcd.mirroredDefinitions(content, address);
	};
	return {
		folder: etcd.folderInEtcd(session),
		definitions: { read, watch: mirror.watch },
		history: etcd.historyInEtcd(session),
	};
}
