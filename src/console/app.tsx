import { useEffect, useMemo, useState } from 'preact/hooks';
import type { SessionReply } from '../mesh/console-protocol.ts';
import { messageOf } from './context.ts';
import { createKeptDrafts, type KeptDrafts } from './kept-drafts.ts';
import { Problem } from './parts.tsx';
import { CallFailure, type ServerCalls } from './server-calls.ts';
import { Shell } from './shell.tsx';
import { SignIn } from './sign-in-view.tsx';

/** Who it is, and then the page. */
export function App({ server }: { readonly server: ServerCalls }) {
	const { session, failure, hasEnded, begin, enter, signOut, watched, kept } = useSession(server);
	useWarning(kept);
	if (failure !== undefined)
		return (
			<main class="alone">
				<h1>Console</h1>
				<Problem text={failure} />
				<button type="button" onClick={begin}>
					Try again
				</button>
			</main>
		);
	if (session === undefined) return <main class="alone" aria-busy="true" />;
	if (session.user === undefined) return <SignIn server={server} hasEnded={hasEnded} onSignedIn={enter} />;
	const out = session.hasKeys ? signOut : undefined;
	return <Shell server={watched} user={session.user} onSignOut={out} drafts={kept.drafts} />;
}

/** `watched`: calls by which it is noticed that the session is over. */
function useSession(server: ServerCalls) {
	const [session, setSession] = useState<SessionReply>();
	const [failure, setFailure] = useState<string>();
	const [hasEnded, setHasEnded] = useState(false);
	const [kept] = useState(() => createKeptDrafts(sessionStorage));
	const fail = (error: unknown) => setFailure(messageOf(error));
	const enter = (found: SessionReply): void => {
		kept.claim(found.user);
		setSession(found);
	};
	const begin = (): void => {
		setFailure(undefined);
		server.session().then(enter, fail);
	};
	useEffect(begin, []);
	const watched = useMemo(() => {
		const end = () => {
			setHasEnded(true);
			setSession({ hasKeys: true });
		};
		return endingWith(server, end);
	}, [server]);
	const signOut = async (): Promise<void> => {
		setHasEnded(false);
		kept.forget();
		await server.signOut().then(setSession, fail);
	};
	return { session, failure, hasEnded, begin, enter, signOut, watched, kept };
}

/** Closing the page would lose them. */
function useWarning({ drafts }: KeptDrafts): void {
	useEffect(() => {
		const ask = (event: BeforeUnloadEvent) => {
			if (drafts.size > 0) event.preventDefault();
		};
		addEventListener('beforeunload', ask);
		return () => removeEventListener('beforeunload', ask);
	}, [drafts]);
}

/** Calls that say when the session is over. */
function endingWith(server: ServerCalls, onEnd: () => void): ServerCalls {
	const watch = async <T,>(called: Promise<T>): Promise<T> => {
		try {
			return await called;
		} catch (error) {
			if (error instanceof CallFailure && error.status === 401) onEnd();
			throw error;
		}
	};
	return {
		...server,
		resources: (mesh) => watch(server.resources(mesh)),
		state: () => watch(server.state()),
		history: (limit) => watch(server.history(limit)),
		change: (change) => watch(server.change(change)),
	};
}
