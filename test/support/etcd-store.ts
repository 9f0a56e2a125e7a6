// What `turnout control` has of an etcd: over its unix socket, which is the same in every namespace.
import { credentials } from '@grpc/grpc-js';
import type { Failure } from '../../src/failure.ts';
import { createConnect, type Login } from '../../src/host/etcd/etcd-connection.ts';
import { createEtcdFolder } from '../../src/host/etcd/etcd-folder.ts';
import { openEtcdHistory } from '../../src/host/etcd/etcd-history.ts';
import { followEtcd } from '../../src/host/etcd/etcd-mirror.ts';
import { openEtcdSession } from '../../src/host/etcd/etcd-session.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { parseEtcd } from '../../src/values/etcd-address.ts';

export interface EtcdStoreOptions {
	readonly prefix: string;
	readonly login?: Login;
	readonly onAway?: (failure: Failure | undefined) => void;
}

/** `sockets`: of the members. */
export function createEtcdStore(
	sockets: readonly string[],
	{ prefix, login, onAway = () => undefined }: EtcdStoreOptions,
	signal: AbortSignal,
) {
	const members = sockets.map((_, at) => `m${at}:1`);
	const address = parseEtcd(`etcd://${members.join()}${prefix}`);
	const targetOf = ({ host }: { readonly host: string }) => `unix:${sockets[Number(host.slice(1))]}`;
	const connect = createConnect(() => ({ credentials: credentials.createInsecure(), login }), targetOf);
	const mirror = followEtcd({ address, connect, clock: systemClock, onAway }, signal);
	const session = openEtcdSession(address, mirror, connect, signal);
	const folder = createEtcdFolder(session);
	return { mirror, session, folder, store: createFolderStore(folder, new Map()), history: openEtcdHistory(session) };
}
