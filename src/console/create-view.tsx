import { useMemo, useState } from 'preact/hooks';
import { type Kind, parentOf } from '../mesh/schema/kinds.ts';
import { checkDraft, specText } from './check-draft.ts';
import { messageOf, useShared } from './context.ts';
import type { UnsavedDraft } from './kept-drafts.ts';
import { capital, kindWords } from './kind-words.ts';
import { hrefOf, hrefOfKey } from './location.ts';
import { newSpecs } from './new-specs.ts';
import { Heading, Problem } from './parts.tsx';
import type { ResourceKey, ResourcesReply, ShownTag } from './protocol.ts';
import { ReviewChange } from './review-change.tsx';
import { SpecEditor } from './spec-editor.tsx';
import { noTag, TagRows } from './tag-editor.tsx';

interface CreateViewProps {
	readonly mesh: string;
	readonly kind: Kind;
	readonly parent: string;
	readonly address: string;
	readonly reply: ResourcesReply;
}

/** A new resource: its name, its tags, and its spec as text. */
export function CreateView({ mesh, kind, parent, address, reply }: CreateViewProps) {
	const { server, say, drafts, reload } = useShared();
	const [name, setName] = useState('');
	const [tags, setTags] = useState<readonly ShownTag[]>([noTag]);
	const [draft, setDraft] = useState(drafts.get(address) ?? beginning(kind));
	const [isReviewed, setIsReviewed] = useState(false);
	const [problem, setProblem] = useState<string>();
	const key: ResourceKey = { kind, mesh: kind === 'mesh' ? name : mesh, parent, name };
	const checked = useMemo(() => checkDraft(draft.text, key, reply.resources), [draft.text, name, reply]);
	const { one } = kindWords[kind];
	const [nameMistakes = [], specMistakes = []] = [true, false].map((isOfName) =>
		checked.mistakes.filter(({ path }) => /^\w+Name$/.test(path) === isOfName),
	);
	const write = (next: UnsavedDraft) => {
		setDraft(next);
		drafts.set(address, next);
	};
	const save = async (): Promise<void> => {
		setProblem(undefined);
		try {
			const named = tags.filter((tag) => tag.key !== '');
			await server.change({ verb: 'create', key, spec: checked.spec, tags: named });
			drafts.delete(address);
			await reload();
			say(`${one} ${name} is created`);
			location.hash = kind === 'mesh' ? hrefOf({ view: 'mesh', mesh: name }) : hrefOfKey(key);
		} catch (error) {
			setProblem(messageOf(error));
		}
	};
	return (
		<>
			<Heading text={`Create ${one}`} />
			{parent === '' ? null : (
				<p class="outer">
					{capital(kindWords[parentOf[kind] ?? kind].one)} <bdi>{parent}</bdi>
				</p>
			)}
			{problem === undefined ? null : <Problem text={problem} />}
			{isReviewed && checked.spec !== undefined ? (
				<ReviewChange
					before=""
					after={specText(checked.spec, 'YAML')}
					checked={checked}
					save={save}
					onBack={() => setIsReviewed(false)}
				/>
			) : (
				<form
					class="stack"
					onSubmit={(event) => {
						event.preventDefault();
						setIsReviewed(checked.mistakes.length === 0);
					}}
				>
					<label>
						Name
						<input
							required
							value={name}
							spellcheck={false}
							autocapitalize="none"
							onInput={({ currentTarget }) => setName(currentTarget.value)}
						/>
					</label>
					{name === '' || nameMistakes.length === 0 ? null : (
						<Problem text={nameMistakes.map(({ why, hint }) => `${why}; ${hint}`).join('\n')} />
					)}
					<SpecEditor
						{...draft}
						checked={{ ...checked, mistakes: specMistakes }}
						onChange={(text, syntax) => write({ ...draft, text, syntax })}
					/>
					<TagRows tags={tags} onChange={setTags} />
					<p class="buttons">
						<button type="submit" class="main" disabled={specMistakes.length > 0}>
							Review {one}
						</button>
						<a class="button" href={backFrom(kind, mesh, parent)} onClick={() => drafts.delete(address)}>
							Discard
						</a>
					</p>
				</form>
			)}
		</>
	);
}

const beginning = (kind: Kind): UnsavedDraft => ({
	...{ text: specText(newSpecs[kind], 'YAML'), syntax: 'YAML', base: undefined },
});

function backFrom(kind: Kind, mesh: string, parent: string): string {
	const outer = parentOf[kind];
	if (kind === 'mesh') return hrefOf({ view: 'meshes' });
	return outer === undefined
		? hrefOf({ view: 'list', mesh, kind })
		: hrefOfKey({ kind: outer, mesh, parent: '', name: parent });
}
