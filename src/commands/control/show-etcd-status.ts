import type { Given } from '../../cli/arguments.ts';
import type { CommandContext } from '../../cli/daemon-commands.ts';
import { createCurrentMesh } from '../../control/current-mesh.ts';
import { etcdStatus } from '../../control/etcd-status.ts';
import { etcdStatusText } from '../../control/etcd-status-text.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Log } from '../../log.ts';
import type { MeshSettings } from '../mesh/mesh-settings.ts';
import { parametersOf } from '../mesh/task.ts';
import { openStore } from './open-store.ts';

/** `turnout control status` where the definitions are in etcd: no control is known by it. 1: there are mistakes. */
export async function showEtcdStatus(given: Given, settings: MeshSettings, context: CommandContext): Promise<number> {
	const { out, isJson, signal } = context;
	const ended = new AbortController();
	try {
		// Nobody is waited for who is away.
		const log: Log = (level) => level === 'error' && ended.abort();
		const ending = AbortSignal.any([signal, ended.signal]);
		const { store, shown, definitions, openHistory } = await openStore(given, settings, log, ending);
		const mesh = createCurrentMesh(definitions, { parameters: parametersOf(given, settings), clock: systemClock });
		const status = await etcdStatus({ at: shown.definitions, store, history: await openHistory(), mesh });
		out(isJson ? `${JSON.stringify(status)}\n` : etcdStatusText(status));
		return status.mistakes.length === 0 ? 0 : 1;
	} finally {
		ended.abort();
	}
}
