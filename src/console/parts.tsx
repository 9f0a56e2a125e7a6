import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { scrollBack } from './entry-state.ts';
import { meshOf, parseLocation } from './location.ts';

/** What went wrong, told at once. */
export const Problem = ({ text, children }: { readonly text: string; readonly children?: ComponentChildren }) => (
	<div class="notice problem" role="alert">
		<p class="lines">{text}</p>
		{children}
	</div>
);

export const Notice = ({ children }: { readonly children: ComponentChildren }) => <div class="notice">{children}</div>;

/** The heading of a view, which has the focus as soon as the view is there: no key that is pressed then is lost. */
export function Heading({ text, about }: { readonly text: string; readonly about?: string }) {
	const element = useRef<HTMLHeadingElement>(null);
	useLayoutEffect(() => {
		document.title = titleOf(text, about);
		element.current?.focus({ preventScroll: true });
		scrollBack();
	}, [text, about]);
	return (
		<h1 ref={element} tabIndex={-1}>
			{about === undefined ? null : <span class="about">{about} </span>}
			<bdi>{text}</bdi>
		</h1>
	);
}

/** Tabs and entries of the history are told apart by it. */
function titleOf(text: string, about: string | undefined): string {
	const mesh = meshOf(parseLocation(location.hash));
	const parts = [
		about === undefined ? text : `${about} ${text}`,
		...(mesh === undefined || mesh === text ? [] : [mesh]),
	];
	return [...parts, 'turnout'].join(' – ');
}

export const Moment = ({ at }: { readonly at: string }) => (
	<time dateTime={at} title={at}>
		{moments.format(new Date(at))}
	</time>
);

/** Where people of several time zones work on one mesh, a time without its zone is anybody's. */
const moments = new Intl.DateTimeFormat(undefined, {
	...({ year: 'numeric', month: 'short', day: 'numeric' } as const),
	...({ hour: 'numeric', minute: '2-digit', second: '2-digit', timeZoneName: 'short' } as const),
});

/** Rows of facts, each with its name. */
export const Facts = ({ rows }: { readonly rows: readonly (readonly [string, ComponentChildren])[] }) => (
	<dl class="facts">
		{rows.map(([name, value]) => (
			<div key={name}>
				<dt>{name}</dt>
				<dd>{value}</dd>
			</div>
		))}
	</dl>
);

/** A column by which rows can be sorted. */
interface SortHead {
	readonly text: string;
	/** Undefined: they are sorted by another one. */
	readonly isDown: boolean | undefined;
	readonly onPress: () => void;
}

const SortedColumn = ({ text, isDown, onPress }: SortHead) => (
	<th scope="col" aria-sort={isDown === undefined ? undefined : isDown ? 'descending' : 'ascending'}>
		<button type="button" class="sort" onClick={onPress}>
			{text}
			<span aria-hidden="true">{isDown === undefined ? '' : isDown ? ' ▼' : ' ▲'}</span>
		</button>
	</th>
);

/** A table that is scrolled for itself where the screen is too narrow for it. */
export const Table = ({
	caption,
	heads,
	children,
}: {
	readonly caption: string;
	readonly heads: readonly (string | SortHead)[];
	readonly children: ComponentChildren;
}) => (
	// biome-ignore lint/a11y/noNoninteractiveTabindex: what is scrolled has to be reached by keyboard
	<section class="scrolled" tabIndex={0} aria-label={caption}>
		<table>
			<caption class="unseen">{caption}</caption>
			<thead>
				<tr>
					{heads.map((head) =>
						typeof head === 'string' ? (
							<th key={head} scope="col">
								{head}
							</th>
						) : (
							<SortedColumn key={head.text} {...head} />
						),
					)}
				</tr>
			</thead>
			<tbody>{children}</tbody>
		</table>
	</section>
);
