import { specText } from './check-draft.ts';
import { capital, kindWords } from './kind-words.ts';
import { hrefOf, hrefOfKey } from './location.ts';
import type { Progress } from './make-in-order.ts';
import { Problem } from './parts.tsx';
import type { Draft } from './wizard-form.ts';

interface WizardReviewProps {
	readonly drafts: readonly Draft[];
	/** Of each; none: nothing was begun yet. */
	readonly progress: readonly Progress[];
	readonly onMake: () => Promise<void>;
	readonly onBack: () => void;
}

/** What is going to be made, then how far it is, then what was made. */
export function WizardReview({ drafts, progress, onMake, onBack }: WizardReviewProps) {
	const failure = progress.find(({ state }) => state === 'failed');
	const isDone = progress.length > 0 && progress.every(({ state }) => state === 'made' || state === 'found');
	const isBusy = progress.length > 0 && !isDone && failure === undefined;
	const mesh = drafts[0]?.key.mesh ?? '';
	return (
		<>
			{isDone ? <p role="status">All of it is made. Hosts that read these definitions follow at once.</p> : null}
			{failure?.state === 'failed' ? (
				<Problem text={failure.why}>
					<p>What was made stays. Try again: it goes on where it was.</p>
				</Problem>
			) : null}
			<ol class="drafts">
				{drafts.map((draft, at) => (
					<Made key={draft.key.kind} draft={draft} progress={progress[at]} />
				))}
			</ol>
			{isDone ? (
				<p class="buttons">
					<a class="button main" href={hrefOf({ view: 'mesh', mesh })}>
						See mesh {mesh}
					</a>
					<a class="button" href={hrefOf({ view: 'create', mesh, kind: 'virtualNode', parent: '' })}>
						Create the next virtual node
					</a>
				</p>
			) : (
				<p class="buttons">
					<button type="button" class="main" disabled={isBusy} onClick={onMake}>
						{failure === undefined ? 'Create mesh service' : 'Try again'}
					</button>
					<button type="button" disabled={isBusy} onClick={onBack}>
						Back
					</button>
				</p>
			)}
		</>
	);
}

const words: Readonly<Record<Progress['state'], string>> = {
	waiting: 'waits',
	making: 'is being made',
	made: 'made',
	found: 'was there already, the same',
	failed: 'failed',
};

function Made({ draft: { key, spec }, progress }: { readonly draft: Draft; readonly progress: Progress | undefined }) {
	const isThere = progress?.state === 'made' || progress?.state === 'found';
	const name = <bdi>{key.name}</bdi>;
	return (
		<li class={progress?.state}>
			<p>
				{capital(kindWords[key.kind].one)} {isThere ? <a href={hrefOfKey(key)}>{name}</a> : <strong>{name}</strong>}
				{progress === undefined ? null : <span class="progress"> {words[progress.state]}</span>}
			</p>
			{progress === undefined ? <pre>{specText(spec, 'YAML')}</pre> : null}
		</li>
	);
}
