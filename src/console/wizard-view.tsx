import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { parsedJson } from '../lib/parsed-json.ts';
import { useShared } from './context.ts';
import { makeInOrder, type Progress } from './make-in-order.ts';
import { Heading, Problem } from './parts.tsx';
import { type Step, stepTitles, type WizardForm, wizardFields } from './wizard-fields.ts';
import { draftsOf, type FormMistake, formMistakes, restoredForm } from './wizard-form.ts';
import { WizardReview } from './wizard-review.tsx';
import { WizardStep } from './wizard-step.tsx';

/** Of this tab, so that a page that is loaded again goes on where it was. */
const KEPT = 'turnout-wizard';

/** The guide's first steps: one of each that a service needs. */
export function WizardView() {
	const [form, change] = useForm();
	const [step, setStep] = useState<Step>(1);
	const [mistakes, setMistakes] = useState<readonly FormMistake[]>([]);
	const title = useStepTitle(step);
	const goTo = (next: Step): void => {
		setMistakes([]);
		setStep(next);
	};
	const next = (event: SubmitEvent): void => {
		event.preventDefault();
		const found = formMistakes(form, step);
		setMistakes(found);
		if (found.length === 0) goTo(following[step]);
		else focusOn(found);
	};
	return (
		<>
			<Heading text="Get started" />
			<Steps step={step} />
			<h2 ref={title} tabIndex={-1}>
				{`Step ${step} of 4: ${stepTitles[step]}`}
			</h2>
			{step === 4 ? (
				<LastStep form={form} onBack={() => goTo(3)} />
			) : (
				<form onSubmit={next} noValidate class="stack">
					<Unplaced mistakes={mistakes} />
					<WizardStep form={form} step={step} mistakes={mistakes} onChange={change} />
					<Buttons step={step} onBack={() => goTo(preceding[step])} />
				</form>
			)}
		</>
	);
}

/** Kept until it is made. */
function useForm() {
	const [form, setForm] = useState(() => restoredForm(parsedJson(sessionStorage.getItem(KEPT) ?? '')));
	const change = (more: Partial<WizardForm>): void => {
		const next = { ...form, ...more };
		setForm(next);
		sessionStorage.setItem(KEPT, JSON.stringify(next));
	};
	return [form, change] as const;
}

function LastStep({ form, onBack }: { readonly form: WizardForm; readonly onBack: () => void }) {
	const { server, say, reload } = useShared();
	const [progress, setProgress] = useState<readonly Progress[]>([]);
	const drafts = draftsOf(form);
	const make = async (): Promise<void> => {
		setProgress(drafts.map(() => ({ state: 'waiting' })));
		const isDone = await makeInOrder(drafts, server, (at, now) =>
			setProgress((former) => former.map((each, index) => (index === at ? now : each))),
		);
		say(isDone ? 'all is made' : 'it has failed');
		if (isDone) sessionStorage.removeItem(KEPT);
		await reload().catch(() => undefined);
	};
	return <WizardReview drafts={drafts} progress={progress} onMake={make} onBack={onBack} />;
}

const Buttons = ({ step, onBack }: { readonly step: Step; readonly onBack: () => void }) => (
	<p class="buttons">
		<button type="submit" class="main">
			Next
		</button>
		{step === 1 ? null : (
			<button type="button" onClick={onBack}>
				Back
			</button>
		)}
	</p>
);

const following: Readonly<Record<Step, Step>> = { 1: 2, 2: 3, 3: 4, 4: 4 };
const preceding: Readonly<Record<Step, Step>> = { 1: 1, 2: 1, 3: 2, 4: 3 };

/** It has the focus when the step changes; at first the page's heading has it. */
function useStepTitle(step: Step) {
	const title = useRef<HTMLHeadingElement>(null);
	const former = useRef(step);
	useLayoutEffect(() => {
		if (former.current !== step) title.current?.focus();
		former.current = step;
	}, [step]);
	return title;
}

const Steps = ({ step }: { readonly step: Step }) => (
	<ol class="steps" aria-label="Steps">
		{Object.entries(stepTitles).map(([number, text]) => (
			<li key={number} aria-current={Number(number) === step ? 'step' : undefined}>
				{text}
			</li>
		))}
	</ol>
);

/** Those that no field shows. */
function Unplaced({ mistakes }: { readonly mistakes: readonly FormMistake[] }) {
	const unplaced = mistakes.filter(({ field }) => field === undefined);
	if (unplaced.length === 0) return null;
	return (
		<Problem
			text={unplaced.map(({ path, why, hint }) => `${path}: ${why}${hint === '' ? '' : `; ${hint}`}`).join('\n')}
		/>
	);
}

function focusOn(mistakes: readonly FormMistake[]): void {
	const first = wizardFields.find(({ id }) => mistakes.some(({ field }) => field === id));
	if (first !== undefined) document.getElementById(first.id)?.focus();
}
