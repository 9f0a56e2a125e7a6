import type { History } from '../../control/history.ts';
import type { Failure } from '../../failure.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Folder } from '../../store/folder-store.ts';
import type { EtcdAddress } from '../../values/etcd-address.ts';
import { type EtcdSettings, readEtcdAccess } from './etcd-access.ts';
import { type Connect, createConnect } from './etcd-connection.ts';
import { definitionsIn, type EtcdContent, type EtcdFile, readContent } from './etcd-content.ts';
import { etcdFailure } from './etcd-failure.ts';
import { createEtcdFolder } from './etcd-folder.ts';
import { openEtcdHistory } from './etcd-history.ts';
import { type EtcdMirror, followEtcd } from './etcd-mirror.ts';
import { type EtcdSession, openEtcdSession } from './etcd-session.ts';

/** How etcd is reached. */
export interface EtcdPlace {
	readonly address: EtcdAddress;
	readonly settings: EtcdSettings;
}

type OnAway = (failure: Failure | undefined) => void;

/** Throws a Failure where certificates or passwords cannot be read. */
export function openEtcdMirror({ address, settings }: EtcdPlace, onAway: OnAway, signal: AbortSignal): EtcdMirror {
	return followEtcd({ address, connect: connectorOf(settings), clock: systemClock, onAway }, signal);
}

/** Likewise, for who changes it too. */
export function openSharedEtcd({ address, settings }: EtcdPlace, onAway: OnAway, signal: AbortSignal): EtcdSession {
	const connect = connectorOf(settings);
	const mirror = followEtcd({ address, connect, clock: systemClock, onAway }, signal);
	return openEtcdSession(address, mirror, connect, signal);
}

function connectorOf(settings: EtcdSettings): Connect {
	readEtcdAccess(settings);
	return createConnect(() => readEtcdAccess(settings));
}

/** Once, by the first member that answers. */
export async function readEtcdOnce({ address, settings }: EtcdPlace) {
	const connect = connectorOf(settings);
	let failure: unknown;
	for (const member of address.members) {
		using connection = connect(member);
		try {
			return definitionsIn(await readContent(connection, address.prefix), address.prefix);
		} catch (error) {
			failure ??= error;
		}
	}
	throw etcdFailure(failure, { verb: 'read', what: address.text });
}

export const mirroredDefinitions = (content: EtcdContent, { prefix }: EtcdAddress): readonly EtcdFile[] =>
	definitionsIn(content, prefix);

export const historyInEtcd = (session: EtcdSession): History => openEtcdHistory(session);

export const folderInEtcd = (session: EtcdSession): Folder => createEtcdFolder(session);
