import { useMemo, useState } from 'preact/hooks';
import type { ResourcesReply, ShownTag } from '../mesh/console-protocol.ts';
import type { Mistake, ResourceKey } from '../mesh/resource.ts';
import { type Kind, parentOf } from '../mesh/schema/kinds.ts';
import { type CheckedDraft, checkDraft, specText } from './check-draft.ts';
import { messageOf, useShared } from './context.ts';
import type { UnsavedDraft } from './kept-drafts.ts';
import { capital, kindWords } from './kind-words.ts';
import { hrefOf, hrefOfKey } from './location.ts';
import { newSpecs } from './new-specs.ts';
import { Heading, Problem } from './parts.tsx';
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
export function CreateView(props: CreateViewProps) {
	const { kind, mesh, parent, reply } = props;
	const { draft, write, forget } = useNewDraft(props);
	const { name = '', tags = [noTag] } = draft;
	const [isReviewed, setIsReviewed] = useState(false);
	const key: ResourceKey = { kind, mesh: kind === 'mesh' ? name : mesh, parent, name };
	const checked = useMemo(() => checkDraft(draft.text, key, reply.resources), [draft.text, name, reply]);
	const { problem, save } = useCreation({ key, tags, spec: checked.spec, forget });
	const review = (event: SubmitEvent): void => {
		event.preventDefault();
		setIsReviewed(checked.mistakes.length === 0);
	};
	const after = isReviewed && checked.spec !== undefined ? specText(checked.spec, 'YAML') : undefined;
	return (
		<>
			<Heading text={`Create ${kindWords[kind].one}`} />
			{parent === '' ? null : <Within kind={parentOf[kind] ?? kind} name={parent} />}
			{problem === undefined ? null : <Problem text={problem} />}
			{after === undefined ? (
				<form class="stack" onSubmit={review}>
					<NameField name={name} checked={checked} onChange={(next) => write({ name: next })} />
					<SpecEditor
						{...draft}
						checked={{ ...checked, mistakes: checked.mistakes.filter((each) => !isOfName(each)) }}
						onChange={(text, syntax) => write({ text, syntax })}
					/>
					<TagRows tags={tags} onChange={(next) => write({ tags: next })} />
					<Buttons
						kind={kind}
						isSound={checked.mistakes.every(isOfName)}
						back={backFrom(kind, mesh, parent)}
						onDiscard={forget}
					/>
				</form>
			) : (
				<ReviewChange before="" after={after} checked={checked} save={save} onBack={() => setIsReviewed(false)} />
			)}
		</>
	);
}

const isOfName = ({ path }: Pick<Mistake, 'path'>): boolean => /^\w+Name$/.test(path);

function useNewDraft({ kind, address }: Pick<CreateViewProps, 'kind' | 'address'>) {
	const { drafts } = useShared();
	const [draft, setDraft] = useState(drafts.get(address) ?? beginning(kind));
	const write = (more: Partial<UnsavedDraft>): void => {
		const next = { ...draft, ...more };
		setDraft(next);
		drafts.set(address, next);
	};
	return { draft, write, forget: () => void drafts.delete(address) };
}

interface NewResource {
	readonly key: ResourceKey;
	readonly tags: readonly ShownTag[];
	readonly spec: object | undefined;
	readonly forget: () => void;
}

function useCreation({ key, tags, spec, forget }: NewResource) {
	const { server, say, reload } = useShared();
	const [problem, setProblem] = useState<string>();
	const save = async (): Promise<void> => {
		setProblem(undefined);
		try {
			await server.change({ verb: 'create', key, spec, tags: tags.filter((tag) => tag.key !== '') });
			forget();
			await reload();
			say(`${kindWords[key.kind].one} ${key.name} is created`);
			location.hash = key.kind === 'mesh' ? hrefOf({ view: 'mesh', mesh: key.name }) : hrefOfKey(key);
		} catch (error) {
			setProblem(messageOf(error));
		}
	};
	return { problem, save };
}

const Within = ({ kind, name }: { readonly kind: Kind; readonly name: string }) => (
	<p class="outer">
		{capital(kindWords[kind].one)} <bdi>{name}</bdi>
	</p>
);

interface NameFieldProps {
	readonly name: string;
	readonly checked: CheckedDraft;
	readonly onChange: (name: string) => void;
}

/** An empty one the browser tells of. */
function NameField({ name, checked, onChange }: NameFieldProps) {
	const mistakes = name === '' ? [] : checked.mistakes.filter(isOfName);
	return (
		<>
			<label>
				Name
				<input
					required
					value={name}
					spellcheck={false}
					autocapitalize="none"
					onInput={({ currentTarget }) => onChange(currentTarget.value)}
				/>
			</label>
			{mistakes.length === 0 ? null : <Problem text={mistakes.map(({ why, hint }) => `${why}; ${hint}`).join('\n')} />}
		</>
	);
}

interface ButtonsProps {
	readonly kind: Kind;
	readonly isSound: boolean;
	readonly back: string;
	readonly onDiscard: () => void;
}

const Buttons = ({ kind, isSound, back, onDiscard }: ButtonsProps) => (
	<p class="buttons">
		<button type="submit" class="main" disabled={!isSound}>
			Review {kindWords[kind].one}
		</button>
		<a class="button" href={back} onClick={onDiscard}>
			Discard
		</a>
	</p>
);

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
