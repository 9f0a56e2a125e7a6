import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import type { Given } from '../../cli/arguments.ts';
import type { CommandContext } from '../../cli/daemon-commands.ts';
import { type ControlStatus, isWell } from '../../control/control-status.ts';
import { controlStatusText } from '../../control/control-status-text.ts';
import { STATUS_PAGE } from '../../control/pages.ts';
import { Failure } from '../../failure.ts';
import { describeFsError } from '../../lib/fs.ts';
import { isEtcd } from '../../values/etcd-address.ts';
import { readMeshSettings } from '../mesh/mesh-settings.ts';
import { controlSocket } from './claim-folder.ts';
import { definitionsOf } from './definitions-of.ts';
import { showEtcdStatus } from './show-etcd-status.ts';

/**
 * `turnout control status`, by the socket in the folder that is served: who may look into that folder needs neither a key nor to
 * trust a certificate for it. 1: something is not as it has to be.
 */
export async function askStatus(given: Given, context: CommandContext): Promise<number> {
	const settings = await readMeshSettings(given);
	const place = definitionsOf(given, settings.config.mesh.definitions);
	if (isEtcd(place)) return showEtcdStatus(given, settings, context);
	const text = await ask(place);
	const status = JSON.parse(text) as ControlStatus;
	context.out(context.isJson ? `${text}\n` : controlStatusText(status));
	return isWell(status) ? 0 : 1;
}

async function ask(folder: string): Promise<string> {
	try {
		const { path, descriptor } = controlSocket(folder);
		try {
			const asked = request({ socketPath: path, path: STATUS_PAGE, host: 'localhost' }).end();
			const [reply] = (await once(asked, 'response')) as [IncomingMessage];
			return await textOf(reply);
		} finally {
			closeSync(descriptor);
		}
	} catch (cause) {
		throw new Failure(
			'not-running',
			`Cannot ask turnout control: none answers for the definitions ${folder} (${isRefused(cause) ? 'the last one was killed' : describeFsError(cause)})`,
			'Start it: turnout control; or name the folder that it serves: --definitions FOLDER',
			cause,
		);
	}
}

/** Its socket is left. */
const isRefused = (cause: unknown): boolean =>
	cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
