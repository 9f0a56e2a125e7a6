import { useState } from 'preact/hooks';
import type { ShownResource, ShownTag } from '../mesh/console-protocol.ts';
import { messageOf, useShared } from './context.ts';
import { Facts, Problem } from './parts.tsx';

/** The tags of a resource, as a list or to be changed. */
export function Tags({ resource }: { readonly resource: ShownResource }) {
	const [isEditing, setIsEditing] = useState(false);
	const { tags, fixed } = resource;
	if (isEditing)
		return (
			<section>
				<TagForm resource={resource} onDone={() => setIsEditing(false)} />
			</section>
		);
	return (
		<section>
			<div class="title">
				<h2>Tags</h2>
				{fixed !== undefined ? null : (
					<button type="button" onClick={() => setIsEditing(true)}>
						Edit tags
					</button>
				)}
			</div>
			{tags.length === 0 ? (
				<p>It has none.</p>
			) : (
				<Facts rows={tags.map(({ key, value }) => [key, <bdi key={key}>{value}</bdi>])} />
			)}
		</section>
	);
}

function TagForm({ resource, onDone }: { readonly resource: ShownResource; readonly onDone: () => void }) {
	const { server, say, reload } = useShared();
	const [tags, setTags] = useState<readonly ShownTag[]>([...resource.tags, noTag]);
	const [problem, setProblem] = useState<string>();
	const save = async (event: SubmitEvent): Promise<void> => {
		event.preventDefault();
		const wanted = tags.filter(({ key }) => key !== '');
		const { changed, gone } = tagChanges(resource.tags, wanted);
		try {
			if (gone.length > 0) await server.change({ verb: 'untag', arn: resource.arn, tagKeys: gone });
			if (changed.length > 0) await server.change({ verb: 'tag', arn: resource.arn, tags: changed });
			await reload();
			say('tags are saved');
			onDone();
		} catch (error) {
			setProblem(messageOf(error));
		}
	};
	return (
		<form class="stack" onSubmit={save}>
			{problem === undefined ? null : <Problem text={problem} />}
			<TagRows tags={tags} onChange={setTags} />
			<p class="buttons">
				<button type="submit" class="main">
					Save tags
				</button>
				<button type="button" onClick={onDone}>
					Cancel
				</button>
			</p>
		</form>
	);
}

export const noTag: ShownTag = { key: '', value: '' };

interface TagRowsProps {
	readonly tags: readonly ShownTag[];
	readonly onChange: (tags: readonly ShownTag[]) => void;
}

export function TagRows({ tags, onChange }: TagRowsProps) {
	const change = (at: number, more: Partial<ShownTag>) =>
		onChange(tags.map((tag, index) => (index === at ? { ...tag, ...more } : tag)));
	return (
		<fieldset>
			<legend>Tags</legend>
			{tags.map((tag, at) => (
				<div class="row" key={at}>
					<label>
						Key {at + 1}
						<input value={tag.key} onInput={({ currentTarget }) => change(at, { key: currentTarget.value })} />
					</label>
					<label>
						Value {at + 1}
						<input value={tag.value} onInput={({ currentTarget }) => change(at, { value: currentTarget.value })} />
					</label>
					<button
						type="button"
						aria-label={`Remove tag ${at + 1}`}
						onClick={() => onChange(tags.filter((_, index) => index !== at))}
					>
						Remove
					</button>
				</div>
			))}
			<button type="button" onClick={() => onChange([...tags, noTag])}>
				Add tag
			</button>
		</fieldset>
	);
}

/** The API sets tags and takes tags away by two operations. */
const tagChanges = (former: readonly ShownTag[], wanted: readonly ShownTag[]) => ({
	changed: wanted.filter(({ key, value }) => !former.some((tag) => tag.key === key && tag.value === value)),
	gone: former.map(({ key }) => key).filter((key) => !wanted.some((tag) => tag.key === key)),
});
