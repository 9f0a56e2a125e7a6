import { useMemo, useState } from 'preact/hooks';
import type { ResourcesReply, ShownResource } from '../mesh/console-protocol.ts';
import { checkDraft, specText } from './check-draft.ts';
import { messageOf, useShared } from './context.ts';
import { DiffView } from './diff-view.tsx';
import type { UnsavedDraft } from './kept-drafts.ts';
import { kindWords } from './kind-words.ts';
import { hrefOfKey } from './location.ts';
import { Heading, Moment, Notice, Problem } from './parts.tsx';
import { ReviewChange } from './review-change.tsx';
import { isSameValue } from './same-value.ts';
import { CallFailure } from './server-calls.ts';
import { SpecEditor } from './spec-editor.tsx';

interface EditViewProps {
	readonly resource: ShownResource;
	readonly address: string;
	readonly reply: ResourcesReply;
}

/** A spec is written, looked at as a diff, and saved if nobody has changed it meanwhile. */
export function EditView({ resource, address, reply }: EditViewProps) {
	const { base, theirs, draft, keep, leave, wasKept } = useDraft(resource, address);
	const [isReviewed, setIsReviewed] = useState(false);
	const checked = useMemo(() => checkDraft(draft.text, base, reply.resources), [draft.text, base, reply]);
	const { problem, save } = useSave(base, checked.spec, leave);
	const isSound = checked.mistakes.length === 0;
	const isOutdated = theirs.revision !== base.revision;
	return (
		<>
			<Heading text={base.name} about={`Edit ${kindWords[base.kind].one}`} />
			{wasKept ? <Notice>What you wrote here before is restored.</Notice> : null}
			{isOutdated ? (
				<Conflict base={base} theirs={theirs} onTake={() => keep({ ...draft, base: theirs })} onDrop={leave} />
			) : null}
			{problem === undefined || isOutdated ? null : <Problem text={problem} />}
			{isReviewed && checked.spec !== undefined ? (
				<ReviewChange
					before={specText(base.spec, 'YAML')}
					after={specText(checked.spec, 'YAML')}
					checked={checked}
					save={isOutdated || isSameValue(base.spec, checked.spec) ? undefined : save}
					onBack={() => setIsReviewed(false)}
				/>
			) : (
				<form
					onSubmit={(event) => {
						event.preventDefault();
						setIsReviewed(isSound);
					}}
				>
					<SpecEditor {...draft} checked={checked} onChange={(text, syntax) => keep({ ...draft, text, syntax })} />
					<EditButtons isSound={isSound} onDiscard={leave} />
				</form>
			)}
		</>
	);
}

interface EditButtonsProps {
	readonly isSound: boolean;
	readonly onDiscard: () => void;
}

const EditButtons = ({ isSound, onDiscard }: EditButtonsProps) => (
	<p class="buttons">
		<button type="submit" class="main" disabled={!isSound}>
			Review change
		</button>
		<button type="button" onClick={onDiscard}>
			Discard
		</button>
	</p>
);

/** What is written, and what it was made of. `theirs`: what is there now. */
function useDraft(theirs: ShownResource, address: string) {
	const { drafts } = useShared();
	const [draft, setDraft] = useState(drafts.get(address) ?? draftOf(theirs));
	const [wasKept] = useState(drafts.has(address));
	const kept = draft.base ?? theirs;
	// Others may have changed its tags.
	const base = isSameValue(kept.spec, theirs.spec) ? theirs : kept;
	const keep = (next: UnsavedDraft) => {
		setDraft(next);
		if (next.text === draftOf(base, next.syntax).text) drafts.delete(address);
		else drafts.set(address, next);
	};
	const leave = () => {
		drafts.delete(address);
		location.hash = hrefOfKey(theirs);
	};
	return { base, theirs, draft, keep, leave, wasKept };
}

function useSave(base: ShownResource, spec: object | undefined, leave: () => void) {
	const { server, say, reload } = useShared();
	const [problem, setProblem] = useState<string>();
	const save = async (): Promise<void> => {
		setProblem(undefined);
		try {
			await server.change({ verb: 'update', key: base, spec, ifRevision: base.revision });
			await reload();
			say(`${kindWords[base.kind].one} ${base.name} is saved`);
			leave();
		} catch (error) {
			setProblem(messageOf(error));
			// What somebody else has done is shown.
			if (error instanceof CallFailure && error.status === 409) await reload().catch(() => undefined);
		}
	};
	return { problem, save };
}

const draftOf = (base: ShownResource, syntax: UnsavedDraft['syntax'] = 'YAML'): UnsavedDraft => ({
	...{ base, syntax },
	text: specText(base.spec, syntax),
});

interface ConflictProps {
	readonly base: ShownResource;
	readonly theirs: ShownResource;
	readonly onTake: () => void;
	readonly onDrop: () => void;
}

/** Somebody else was faster: nothing of theirs is lost unseen. */
const Conflict = ({ base, theirs, onTake, onDrop }: ConflictProps) => (
	<Problem text={`Somebody else has changed it since you began: it is version ${theirs.version} now.`}>
		<p>
			What they have changed, at <Moment at={theirs.updatedAt} />:
		</p>
		<DiffView label="Their change" before={specText(base.spec, 'YAML')} after={specText(theirs.spec, 'YAML')} />
		<p class="buttons">
			<button type="button" onClick={onTake}>
				Compare mine with theirs
			</button>
			<button type="button" onClick={onDrop}>
				Discard mine
			</button>
		</p>
	</Problem>
);
