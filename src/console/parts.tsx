import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** What went wrong, told at once. */
export const Problem = ({ text, children }: { readonly text: string; readonly children?: ComponentChildren }) => (
	<div class="notice problem" role="alert">
		<p class="lines">{text}</p>
		{children}
	</div>
);

export const Notice = ({ children }: { readonly children: ComponentChildren }) => <div class="notice">{children}</div>;

/** The heading of a view, which has the focus once the view is there. */
export function Heading({ text, about }: { readonly text: string; readonly about?: string }) {
	const element = useRef<HTMLHeadingElement>(null);
	useEffect(() => {
		document.title = `${text} – turnout`;
		element.current?.focus({ preventScroll: true });
		scrollTo(0, 0);
	}, [text, about]);
	return (
		<h1 ref={element} tabIndex={-1}>
			{about === undefined ? null : <span class="about">{about} </span>}
			<bdi>{text}</bdi>
		</h1>
	);
}

export const Moment = ({ at }: { readonly at: string }) => (
	<time dateTime={at} title={at}>
		{moments.format(new Date(at))}
	</time>
);

const moments = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

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

/** A table that is scrolled for itself where the screen is too narrow for it. */
export const Table = ({
	caption,
	heads,
	children,
}: {
	readonly caption: string;
	readonly heads: readonly string[];
	readonly children: ComponentChildren;
}) => (
	// biome-ignore lint/a11y/noNoninteractiveTabindex: what is scrolled has to be reached by keyboard
	<section class="scrolled" tabIndex={0} aria-label={caption}>
		<table>
			<caption class="unseen">{caption}</caption>
			<thead>
				<tr>
					{heads.map((head) => (
						<th key={head} scope="col">
							{head}
						</th>
					))}
				</tr>
			</thead>
			<tbody>{children}</tbody>
		</table>
	</section>
);

/** What needs a resource. */
export const UseList = ({ uses }: { readonly uses: readonly string[] }) => (
	<ul>
		{uses.map((use) => (
			<li key={use}>
				<bdi>{use}</bdi>
			</li>
		))}
	</ul>
);
