import { type Given, textOf, usage } from '../../cli/arguments.ts';
import type { Definitions } from '../../control/current-mesh.ts';
import type { Pages } from '../../control/pages.ts';
import { Failure } from '../../failure.ts';
import { openDefinitionFolder } from '../../host/files/definition-folder.ts';
import { readDefinitions } from '../../host/files/definitions.ts';
import type { Log } from '../../log.ts';
import { createFolderStore } from '../../store/folder-store.ts';
import type { Store } from '../../store/store.ts';
import { isEtcd, parseEtcd, splitDefinitions } from '../../values/etcd-address.ts';
import type { MeshSettings } from '../mesh/mesh-settings.ts';
import { parametersOf } from '../mesh/task.ts';
import { claimFolder } from './claim-folder.ts';

export interface OpenStore {
	readonly store: Store;
	/** The same, as hosts read it. */
	readonly definitions: Definitions;
	/** Where resources are. */
	readonly shown: string;
	/** Keeps others away that may not change it too, and answers `pages` there. */
	readonly claim: (pages: Pages) => Promise<Disposable | undefined>;
}

/** The folder that is to be changed, or etcd. */
export async function openStore(
	given: Given,
	settings: MeshSettings,
	log: Log,
	signal: AbortSignal,
): Promise<OpenStore> {
	const place = placeOf(given, settings.config.mesh.definitions);
	const parameters = parametersOf(given, settings);
	if (isEtcd(place)) {
		const { folder, definitions } = await openEtcd(place, settings, log, signal);
		// Any number serves one etcd.
		const claim = async () => undefined;
		return { store: createFolderStore(folder, parameters), definitions, shown: place, claim };
	}
	const folder = openDefinitionFolder(place, (why) => log('warn', 'definitions are not watched', { why }));
	return {
		store: createFolderStore(folder, parameters),
		definitions: { read: () => readDefinitions([folder.root]), watch: folder.watch },
		shown: folder.root,
		claim: (pages) => claimFolder(folder.root, pages, log),
	};
}

/** Files, and folders beside it, would be read by hosts and not be changed. */
function placeOf(given: Given, definitions: readonly string[]): string {
	const named = textOf(given, 'definitions');
	const [first, ...more] = named === undefined ? definitions : isEtcd(named) ? splitDefinitions(named) : [named];
	if (first !== undefined && more.length === 0) return first;
	throw new Failure(
		'config',
		`Cannot serve the definitions ${definitions.join(', ')}: they are not in one folder`,
		'Name the one that is to be changed: --definitions FOLDER, or etcd://HOST:2379/PREFIX',
	);
}

/** What starts before its etcd waits for so long. */
const START_MS = 20_000;

async function openEtcd(place: string, { config }: MeshSettings, log: Log, signal: AbortSignal) {
	const { openSharedEtcd, folderInEtcd, mirroredDefinitions } = await import('../../host/etcd/open-etcd.ts');
	const onAway = (failure: Failure | undefined) =>
		failure === undefined
			? log('info', 'etcd is back', { definitions: place })
			: log('error', 'etcd is away, and nothing can be changed', { why: failure.message, remedy: failure.remedy });
	const address = addressOf(place);
	const session = openSharedEtcd({ address, settings: config.mesh }, onAway, signal);
	const { mirror } = session;
	if (!(await mirror.until(() => mirror.content() !== undefined, START_MS)))
		throw mirror.away() ?? new Failure('interrupted', 'Cannot wait for etcd: it was ended', '');
	const read = () => {
		const content = mirror.content();
		if (content === undefined) throw mirror.away() ?? new Failure('state', `Cannot read ${place}`, 'See its log');
		return mirroredDefinitions(content, address);
	};
	return { folder: folderInEtcd(session), definitions: { read, watch: mirror.watch } };
}

function addressOf(place: string) {
	try {
		return parseEtcd(place);
	} catch (cause) {
		throw usage(`--definitions: ${cause instanceof Error ? cause.message : String(cause)}`);
	}
}
