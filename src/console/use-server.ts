import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { ResourcesReply, StateReply } from '../mesh/console-protocol.ts';
import { messageOf } from './context.ts';
import { CallFailure, type ServerCalls } from './server-calls.ts';

const POLL_MS = 5_000;

/** Asks every few seconds while somebody can see it. */
export function usePolledState(server: ServerCalls): {
	readonly state: StateReply | undefined;
	readonly isAway: boolean;
} {
	const [state, setState] = useState<StateReply>();
	const [isAway, setIsAway] = useState(false);
	useEffect(() => {
		const ask = () => {
			if (document.hidden) return;
			server.state().then(
				(found) => {
					setState(found);
					setIsAway(false);
				},
				(error) => setIsAway(error instanceof CallFailure && error.status !== 401),
			);
		};
		ask();
		const timer = setInterval(ask, POLL_MS);
		document.addEventListener('visibilitychange', ask);
		return () => {
			clearInterval(timer);
			document.removeEventListener('visibilitychange', ask);
		};
	}, [server]);
	return { state, isAway };
}

export interface Resources {
	/** Undefined: not there yet. */
	readonly reply: ResourcesReply | undefined;
	readonly failure: string | undefined;
	readonly reload: () => Promise<ResourcesReply>;
}

interface Found {
	readonly mesh: string | undefined;
	readonly reply?: ResourcesReply;
	readonly failure?: string;
}

/** Of a mesh, or the meshes; asked again when the news say that something has changed, and after a failure with all news. */
export function useResources(server: ServerCalls, mesh: string | undefined, state: StateReply | undefined): Resources {
	const [found, setFound] = useState<Found>();
	const wanted = useRef(mesh);
	wanted.current = mesh;
	const reload = useCallback(async () => {
		const reply = await server.resources(mesh);
		// Somebody may have gone on to another mesh.
		if (wanted.current === mesh) setFound({ mesh, reply });
		return reply;
	}, [server, mesh]);
	const known = found?.mesh === mesh ? found : undefined;
	const isCurrent = state !== undefined && known?.reply?.tag === state.tag;
	const news = known?.failure === undefined ? state?.tag : state;
	useEffect(() => {
		if (isCurrent && known?.failure === undefined) return;
		const fail = (error: unknown) =>
			setFound((former) => ({ ...(former?.mesh === mesh ? former : {}), mesh, failure: messageOf(error) }));
		reload().catch(fail);
	}, [reload, mesh, news, isCurrent]);
	return { reply: known?.reply, failure: known?.failure, reload };
}
