import { Failure } from '../../failure.ts';
import type { EtcdAddress } from '../../values/etcd-address.ts';
import type { Place } from '../../values/place.ts';
import type { Connect, EtcdConnection } from './etcd-connection.ts';
import { isUnsure } from './etcd-failure.ts';
import type { EtcdMirror } from './etcd-mirror.ts';

/** What is asked of etcd beside the mirror: of the member that the mirror is followed by, over a connection of its own. */
export interface EtcdSession {
	readonly address: EtcdAddress;
	readonly mirror: EtcdMirror;
	/** Rejects with a Failure where there is no member, and with gRPC's error where that refuses. */
	readonly ask: Ask;
	/** What changes nothing, or the same if it is done twice: again, by another member if need be, where an answer is lost. */
	readonly read: Ask;
}

type Ask = <T>(act: (connection: EtcdConnection) => Promise<T>) => Promise<T>;

/** How long somebody who asks waits for a new leader, and for what was written to be mirrored. */
export const PATIENCE_MS = 5_000;

export function openEtcdSession(
	address: EtcdAddress,
	mirror: EtcdMirror,
	connect: Connect,
	signal: AbortSignal,
): EtcdSession {
	let open: { readonly member: Place; readonly connection: EtcdConnection } | undefined;
	const leave = () => {
		open?.connection[Symbol.dispose]();
		open = undefined;
	};
	signal.addEventListener('abort', leave, { once: true });
	const connected = async () => {
		await mirror.until(() => mirror.member() !== undefined, PATIENCE_MS);
		const member = mirror.member();
		if (member === undefined) throw mirror.away() ?? nobody(address);
		if (open?.member === member) return open;
		leave();
		open = { member, connection: connect(member) };
		return open;
	};
	const ask: Ask = async (act) => {
		const own = await connected();
		try {
			return await act(own.connection);
		} catch (error) {
			if (open === own) leave();
			if (isUnsure(error)) mirror.leave(own.member);
			throw error;
		}
	};
	const read: Ask = (act) => ask(act).catch((error) => (isUnsure(error) ? ask(act) : Promise.reject(error)));
	return { address, mirror, ask, read };
}

const nobody = ({ text }: EtcdAddress): Failure =>
	new Failure('state', `Cannot reach ${text}: nobody answers`, 'See whether etcd runs and can be reached');
