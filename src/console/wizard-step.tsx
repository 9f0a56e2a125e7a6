import { type Step, type WizardField, type WizardForm, wizardFields } from './wizard-fields.ts';
import type { FormMistake } from './wizard-form.ts';

interface WizardStepProps {
	readonly form: WizardForm;
	readonly step: Step;
	readonly mistakes: readonly FormMistake[];
	readonly onChange: (more: Partial<WizardForm>) => void;
}

/** The fields of a step, by their groups. */
export function WizardStep({ form, step, mistakes, onChange }: WizardStepProps) {
	const asked = wizardFields.filter((field) => field.step === step && (field.isAsked?.(form) ?? true));
	return (
		<>
			{[...Map.groupBy(asked, ({ group }) => group)].map(([group, fields]) => (
				<fieldset key={group}>
					<legend>{group}</legend>
					{fields.map((field) => (
						<Field
							key={field.id}
							field={field}
							value={form[field.id]}
							mistakes={mistakes.filter((each) => each.field === field.id)}
							onChange={(value) => onChange({ [field.id]: value })}
						/>
					))}
				</fieldset>
			))}
		</>
	);
}

interface FieldProps {
	readonly field: WizardField;
	readonly value: string | boolean;
	readonly mistakes: readonly FormMistake[];
	readonly onChange: (value: string | boolean) => void;
}

function Field({ field, value, mistakes, onChange }: FieldProps) {
	const { id, label, hint } = field;
	const about = [...(hint === undefined ? [] : [`${id}-hint`]), ...(mistakes.length === 0 ? [] : [`${id}-mistakes`])];
	const isWrong = mistakes.length > 0;
	return (
		<div class={field.control === 'checkbox' ? 'field check' : 'field'}>
			<label for={id}>{label}</label>
			<Control field={field} value={value} isWrong={isWrong} about={about.join(' ') || undefined} onChange={onChange} />
			{hint === undefined ? null : (
				<p class="hint" id={`${id}-hint`}>
					{hint}
				</p>
			)}
			{isWrong ? (
				<p class="wrong" id={`${id}-mistakes`}>
					{value === '' ? 'Fill this in.' : mistakes.map(mistakeText).join('. ')}
				</p>
			) : null}
		</div>
	);
}

const mistakeText = ({ why, hint }: FormMistake): string => `${why}${hint === '' ? '' : `; ${hint}`}`;

interface ControlProps {
	readonly field: WizardField;
	readonly value: string | boolean;
	readonly isWrong: boolean;
	readonly about: string | undefined;
	readonly onChange: (value: string | boolean) => void;
}

function Control({ field: { id, control }, value, isWrong, about, onChange }: ControlProps) {
	const common = { id, name: id, 'aria-invalid': isWrong, 'aria-describedby': about };
	const text = String(value);
	if (control === 'checkbox')
		return (
			<input
				{...common}
				type="checkbox"
				checked={value === true}
				onChange={({ currentTarget }) => onChange(currentTarget.checked)}
			/>
		);
	if (control === 'lines')
		return (
			<textarea
				{...common}
				rows={3}
				value={text}
				spellcheck={false}
				onInput={({ currentTarget }) => onChange(currentTarget.value)}
			/>
		);
	if (typeof control === 'string')
		return (
			<input
				{...common}
				value={text}
				inputMode={control === 'number' ? 'numeric' : 'text'}
				spellcheck={false}
				autocapitalize="none"
				autocomplete="off"
				onInput={({ currentTarget }) => onChange(currentTarget.value)}
			/>
		);
	return (
		<select {...common} value={text} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
			{control.map((each) => (
				<option key={each}>{each}</option>
			))}
		</select>
	);
}
