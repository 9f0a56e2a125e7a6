import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { CheckedDraft } from './check-draft.ts';
import { DiffView } from './diff-view.tsx';
import { Notice } from './parts.tsx';

interface ReviewChangeProps {
	readonly before: string;
	readonly after: string;
	readonly checked: CheckedDraft;
	/** Undefined: there is nothing to save, or it would not be taken. */
	readonly save: (() => Promise<void>) | undefined;
	readonly onBack: () => void;
}

/** What is going to be saved, before it is. */
export function ReviewChange({ before, after, checked: { others }, save, onBack }: ReviewChangeProps) {
	const heading = useRef<HTMLHeadingElement>(null);
	const [isBusy, setIsBusy] = useState(false);
	useLayoutEffect(() => heading.current?.focus(), []);
	const isSame = before === after;
	return (
		<section>
			<h2 ref={heading} tabIndex={-1}>
				{isSame ? 'Nothing is changed' : 'What is going to change'}
			</h2>
			{isSame ? null : <DiffView label="What is going to change" before={before} after={after} />}
			{others.length === 0 ? null : <Unfit others={others} />}
			<p class="buttons">
				<button
					type="button"
					class="main"
					disabled={save === undefined || isBusy}
					onClick={() => {
						setIsBusy(true);
						save?.().finally(() => setIsBusy(false));
					}}
				>
					Save
				</button>
				<button type="button" onClick={onBack}>
					Back to editing
				</button>
			</p>
		</section>
	);
}

const Unfit = ({ others }: Pick<CheckedDraft, 'others'>) => (
	<Notice>
		<p>It is taken, and others in the mesh then do not fit; hosts go on with what they had until they do:</p>
		<ul>
			{others.map(({ file, path, why }) => (
				<li key={`${file} ${path} ${why}`}>
					<bdi>
						{file}: {path}: {why}
					</bdi>
				</li>
			))}
		</ul>
	</Notice>
);
