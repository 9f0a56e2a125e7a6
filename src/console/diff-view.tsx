import { diffLines } from './line-diff.ts';

interface DiffViewProps {
	readonly label: string;
	readonly before: string;
	readonly after: string;
}

const signs = { same: ' ', removed: '−', added: '+' } as const;
const words = { same: '', removed: 'removed: ', added: 'added: ' } as const;

/** What changes, by a sign, a colour and, for who does not see these, a word. */
export function DiffView({ label, before, after }: DiffViewProps) {
	const lines = diffLines(before, after);
	return (
		// biome-ignore lint/a11y/noNoninteractiveTabindex: what is scrolled has to be reached by keyboard
		<section class="diff" tabIndex={0} aria-label={label}>
			{lines.map(({ kind, text }, at) => (
				<div key={at} class={kind}>
					<span aria-hidden="true">{signs[kind]} </span>
					<span class="unseen">{words[kind]}</span>
					{text}
				</div>
			))}
		</section>
	);
}
