import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { type Shared, SharedContext } from './context.ts';
import { keepScroll } from './entry-state.ts';
import type { UnsavedDraft } from './kept-drafts.ts';
import { hrefOf, type Location, meshOf, parseLocation } from './location.ts';
import { Navigation } from './navigation.tsx';
import { Problem } from './parts.tsx';
import type { ServerCalls } from './server-calls.ts';
import { usePolledState, useResources } from './use-server.ts';
import { View } from './view-of-location.tsx';

interface ShellProps {
	readonly server: ServerCalls;
	readonly user: string;
	readonly onSignOut: (() => void) | undefined;
	readonly drafts: Map<string, UnsavedDraft>;
}

/** What is around every view. */
export function Shell({ server, user, onSignOut, drafts }: ShellProps) {
	const [address, location] = useLocation();
	const mesh = meshOf(location);
	const { state, isAway } = usePolledState(server);
	const { reply, failure, reload } = useResources(server, mesh, state);
	useEffect(keepScroll, []);
	const [said, setSaid] = useState('');
	const say = useCallback((text: string) => setSaid(text), []);
	const shared = useMemo((): Shared => ({ server, say, drafts, state, reload }), [server, say, drafts, state, reload]);
	return (
		<SharedContext.Provider value={shared}>
			<SkipLink />
			<header class="bar">
				<a class="brand" href={hrefOf({ view: 'meshes' })}>
					turnout <span>App Mesh</span>
				</a>
				<span class="who">
					<span class="unseen">Signed in as </span>
					<bdi>{user}</bdi>
				</span>
				{onSignOut === undefined ? null : (
					<button type="button" onClick={onSignOut}>
						Sign out
					</button>
				)}
			</header>
			<div class="columns">
				<Navigation location={location} reply={reply} />
				<main id="main" tabIndex={-1}>
					{isAway ? <Problem text="turnout control does not answer. What is shown may be old." /> : null}
					{failure === undefined ? null : <Problem text={failure} />}
					{reply === undefined ? null : <View key={address} location={location} address={address} reply={reply} />}
				</main>
			</div>
			<div class="unseen" role="status" aria-live="polite">
				{said}
			</div>
		</SharedContext.Provider>
	);
}

/** Not by the address, which says what is shown. */
const SkipLink = () => (
	// biome-ignore lint/a11y/useValidAnchor: it leads to the content, as links of its kind do
	<a
		class="skip"
		href="#main"
		onClick={(event) => {
			event.preventDefault();
			document.getElementById('main')?.focus();
		}}
	>
		Skip to the content
	</a>
);

function useLocation(): readonly [string, Location] {
	const [address, setAddress] = useState(location.hash);
	useEffect(() => {
		const follow = () => setAddress(location.hash);
		addEventListener('hashchange', follow);
		return () => removeEventListener('hashchange', follow);
	}, []);
	return useMemo(() => [address, parseLocation(address)] as const, [address]);
}
