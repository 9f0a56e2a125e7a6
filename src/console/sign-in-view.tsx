import { useState } from 'preact/hooks';
import type { SessionReply } from '../mesh/console-protocol.ts';
import { messageOf } from './context.ts';
import { Heading, Notice, Problem } from './parts.tsx';
import type { ServerCalls } from './server-calls.ts';

interface SignInProps {
	readonly server: ServerCalls;
	readonly hasEnded: boolean;
	readonly onSignedIn: (session: SessionReply) => void;
}

export function SignIn({ server, hasEnded, onSignedIn }: SignInProps) {
	const [problem, setProblem] = useState<string>();
	const [isBusy, setIsBusy] = useState(false);
	const submit = async (event: SubmitEvent): Promise<void> => {
		event.preventDefault();
		const given = new FormData(event.target as HTMLFormElement);
		setIsBusy(true);
		setProblem(undefined);
		try {
			onSignedIn(await server.signIn(String(given.get('id') ?? '').trim(), String(given.get('secret') ?? '').trim()));
		} catch (error) {
			setProblem(messageOf(error));
			setIsBusy(false);
		}
	};
	return (
		<main class="alone">
			<p class="brand">
				turnout <span>App Mesh</span>
			</p>
			<Heading text="Sign in" />
			<p>
				With an access key of App Mesh’s API, such as <code>turnout control keys add</code> makes.
			</p>
			{hasEnded ? (
				<Notice>Your session has ended. What you were writing is kept until you close this page.</Notice>
			) : null}
			{problem === undefined ? null : <Problem text={problem} />}
			<form onSubmit={submit} class="stack">
				<KeyFields />
				<button type="submit" class="main" disabled={isBusy}>
					Sign in
				</button>
			</form>
		</main>
	);
}

const KeyFields = () => (
	<>
		<label>
			Access key ID
			<input name="id" autocomplete="username" required spellcheck={false} autocapitalize="none" />
		</label>
		<label>
			Secret access key
			<input name="secret" type="password" autocomplete="current-password" required />
		</label>
	</>
);
