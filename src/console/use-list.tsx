import type { Use } from '../mesh/needed.ts';
import { kindWords } from './kind-words.ts';
import { hrefOfKey } from './location.ts';

interface UseListProps {
	readonly mesh: string;
	readonly uses: readonly Use[];
}

/** A mesh may hold a thousand. */
const MOST = 20;

/** What needs a resource, or is in it, each with the way to it. */
export const UseList = ({ mesh, uses }: UseListProps) => (
	<>
		<ul>
			{uses.slice(0, MOST).map(({ by: { kind, parent, name }, path }) => (
				<li key={`${kind} ${parent} ${name}`}>
					{kindWords[kind].one}{' '}
					<a href={hrefOfKey({ kind, mesh, parent, name })}>
						<bdi>{name}</bdi>
					</a>
					{parent === '' ? null : (
						<>
							{' '}
							of <bdi>{parent}</bdi>
						</>
					)}
					{path === '' ? null : (
						<>
							{' '}
							by <code>{path}</code>
						</>
					)}
				</li>
			))}
		</ul>
		{uses.length > MOST ? <p>and {uses.length - MOST} more</p> : null}
	</>
);
