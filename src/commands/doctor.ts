import type { Given } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import type { Paint } from '../cli/paint.ts';
import { markedText } from '../cli/text.ts';
import type { Finding } from '../doctor/finding.ts';
import { createExamination } from './doctor/examination.ts';
import { examine } from './doctor/examine.ts';

/** `turnout doctor`: what is wrong with this host. Looks only, with a daemon and without, and says what it could not see. */
export async function doctor(given: Given, { out, isJson, paint, signal }: CommandContext): Promise<number> {
	const findings = await examine(createExamination(given, signal));
	out(isJson ? findingsJson(findings) : findingsText(findings, paint));
	return isWell(findings) ? 0 : 1;
}

const isWell = (findings: readonly Finding[]): boolean => findings.every(({ state }) => state !== 'failure');

export const findingsJson = (findings: readonly Finding[]): string =>
	`${JSON.stringify({ ok: isWell(findings), checks: findings })}\n`;

/** A remedy that the next line has too is told there. */
export const findingsText = (findings: readonly Finding[], paint: Paint): string =>
	findings.map((finding, at) => findingText(finding, remedyOf(findings[at + 1]), paint)).join('');

const remedyOf = (finding: Finding | undefined): string =>
	finding === undefined || finding.state === 'ok' ? '' : finding.remedy;

const marks = { warning: '!', failure: '!!', unknown: '?' } as const;

function findingText(finding: Finding, following: string, paint: Paint): string {
	const { check } = finding;
	if (finding.state === 'ok')
		return markedText('ok', finding.note === '' ? check : `${check}: ${finding.note}`, '', paint);
	const { state, why, remedy } = finding;
	return markedText(marks[state], `${check}: ${why}`, remedy === following ? '' : remedy, paint);
}
