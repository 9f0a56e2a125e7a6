import { useId, useRef } from 'preact/hooks';
import type { Mistake } from '../mesh/resource.ts';
import { type CheckedDraft, type Syntax, specText } from './check-draft.ts';
import { lineBreakAt } from './line-break.ts';

interface SpecEditorProps {
	readonly text: string;
	readonly syntax: Syntax;
	readonly checked: CheckedDraft;
	readonly onChange: (text: string, syntax: Syntax) => void;
}

/** A spec as text, with what is wrong with it beside. */
export function SpecEditor({ text, syntax, checked, onChange }: SpecEditorProps) {
	const area = useRef<HTMLTextAreaElement>(null);
	const id = useId();
	const { mistakes, others, spec } = checked;
	const other = syntax === 'YAML' ? 'JSON' : 'YAML';
	const goTo = (line: number) => {
		const from =
			text
				.split('\n')
				.slice(0, line - 1)
				.join('\n').length + (line > 1 ? 1 : 0);
		const end = text.indexOf('\n', from);
		area.current?.focus();
		area.current?.setSelectionRange(from, end < 0 ? text.length : end);
	};
	return (
		<section class="editor">
			<div class="title">
				<label for={id}>Spec in {syntax}</label>
				<button
					type="button"
					disabled={spec === undefined}
					onClick={() => spec && onChange(specText(spec, other), other)}
				>
					Edit as {other}
				</button>
			</div>
			<div class="beside">
				<LinedText id={id} area={area} text={text} mistakes={mistakes} onInput={(value) => onChange(value, syntax)} />
				<div class="mistakes" id={`${id}-mistakes`} role="status">
					<MistakeList title={titleOf(mistakes)} mistakes={mistakes} onGoTo={goTo} />
					<MistakeList title="Others in the mesh then do not fit" mistakes={others} />
				</div>
			</div>
		</section>
	);
}

const titleOf = ({ length }: readonly Mistake[]): string =>
	length === 0 ? 'No mistakes' : length === 1 ? '1 mistake' : `${length} mistakes`;

interface LinedTextProps {
	readonly id: string;
	readonly area: { readonly current: HTMLTextAreaElement | null };
	readonly text: string;
	readonly mistakes: readonly Mistake[];
	readonly onInput: (text: string) => void;
}

/** The numbers are beside the text and scroll with it. */
function LinedText({ id, area, text, mistakes, onInput }: LinedTextProps) {
	const gutter = useRef<HTMLDivElement>(null);
	const wrong = new Set(mistakes.map(({ line }) => line));
	const { length } = text.split('\n');
	return (
		<div class="lined">
			<div class="numbers" ref={gutter} aria-hidden="true">
				{Array.from({ length }, (_, at) => (
					<span key={at} class={wrong.has(at + 1) ? 'wrong' : undefined}>
						{at + 1}
					</span>
				))}
			</div>
			<textarea
				id={id}
				ref={area}
				value={text}
				wrap="off"
				spellcheck={false}
				autocapitalize="none"
				rows={Math.min(30, Math.max(12, length + 1))}
				aria-invalid={mistakes.length > 0}
				aria-describedby={`${id}-mistakes`}
				onInput={({ currentTarget }) => onInput(currentTarget.value)}
				onKeyDown={helpTyping}
				onScroll={({ currentTarget }) => gutter.current?.scrollTo(0, currentTarget.scrollTop)}
			/>
		</div>
	);
}

/** What people press in every editor. The tabulator leads on, as in all of the page. */
function helpTyping(event: KeyboardEvent & { readonly currentTarget: HTMLTextAreaElement }): void {
	const { key, ctrlKey, metaKey, currentTarget: area } = event;
	if ((ctrlKey || metaKey) && key === 's') {
		event.preventDefault();
		area.form?.requestSubmit();
	} else if (key === 'Enter' && !ctrlKey && !metaKey && !event.isComposing) {
		event.preventDefault();
		// No other way keeps what was typed before undoable.
		document.execCommand('insertText', false, lineBreakAt(area.value, area.selectionStart));
	}
}

interface MistakeListProps {
	readonly title: string;
	readonly mistakes: readonly Mistake[];
	readonly onGoTo?: (line: number) => void;
}

/** More would be of no use to anybody. */
const MOST_SHOWN = 50;

const MistakeList = ({ title, mistakes, onGoTo }: MistakeListProps) =>
	mistakes.length === 0 && onGoTo === undefined ? null : (
		<>
			<p class={mistakes.length > 0 ? 'count wrong' : 'count'}>{title}</p>
			<ul>
				{mistakes.slice(0, MOST_SHOWN).map((mistake) => (
					<li key={mistakeText(mistake)}>
						{onGoTo === undefined ? (
							<span>{mistake.file}</span>
						) : (
							<button type="button" class="link" onClick={() => onGoTo(mistake.line)}>
								Line {mistake.line}
							</button>
						)}
						<bdi>{mistakeText(mistake)}</bdi>
					</li>
				))}
			</ul>
		</>
	);

const mistakeText = ({ path, why, hint }: Mistake): string =>
	`${path === '' ? '' : `${path}: `}${why}${hint === '' ? '' : `; ${hint}`}`;
