import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { messageOf } from './context.ts';
import { createKeptDrafts, type KeptDrafts } from './kept-drafts.ts';
import { Problem } from './parts.tsx';
import type { SessionReply } from './protocol.ts';
import { CallFailure, type ServerCalls } from './server-calls.ts';
import { Shell } from './shell.tsx';
import { SignIn } from './sign-in-view.tsx';

/** Who it is, and then the page. */
export function App({ server }: { readonly server: ServerCalls }) {
	const [session, setSession] = useState<SessionReply>();
	const [failure, setFailure] = useState<string>();
	const [hasEnded, setHasEnded] = useState(false);
	const [kept] = useState(() => createKeptDrafts(sessionStorage));
	useWarning(kept);
	const enter = useCallback(
		(found: SessionReply) => {
			kept.claim(found.user);
			setSession(found);
		},
		[kept],
	);
	const begin = useCallback(() => {
		setFailure(undefined);
		server.session().then(enter, (error) => setFailure(messageOf(error)));
	}, [server, enter]);
	useEffect(begin, [begin]);
	const watched = useMemo(
		() =>
			endingWith(server, () => {
				setHasEnded(true);
				setSession({ hasKeys: true });
			}),
		[server],
	);
	const signOut = async (): Promise<void> => {
		setHasEnded(false);
		kept.forget();
		await server.signOut().then(setSession, (error) => setFailure(messageOf(error)));
	};
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
	return (
		<Shell
			server={watched}
			user={session.user}
			onSignOut={session.hasKeys ? signOut : undefined}
			drafts={kept.drafts}
		/>
	);
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
