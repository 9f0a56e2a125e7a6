import { printable } from './quoted.ts';

export type FailureCode =
	| 'usage'
	| 'config'
	| 'permission'
	| 'tools'
	| 'firewall'
	| 'unsupported'
	| 'interrupted'
	| 'routing'
	| 'envoy'
	| 'docker'
	| 'image'
	| 'registry'
	| 'state'
	| 'confirm'
	| 'socket'
	| 'not-running'
	| 'running'
	| 'internal';

/** A failure someone can act on: `code` for programs, `message` for logs, `remedy` for the person at the prompt. */
export class Failure extends Error {
	override readonly name = 'Failure';
	readonly code: FailureCode;
	readonly remedy: string;

	constructor(code: FailureCode, message: string, remedy: string, cause?: unknown) {
		super(message, { cause });
		this.code = code;
		this.remedy = remedy;
	}
}

/** Whatever was thrown, as something to show; what nobody foresaw is said to be a defect of ours. */
export function failureOf(error: unknown): Failure {
	if (error instanceof Failure) return error;
	const why = error instanceof Error ? error.message : String(error);
	return new Failure('internal', `Cannot go on: ${why}`, 'This is a defect of turnout; please report it', error);
}

/** The words for standard error: the message, then the remedy on a line of its own. */
export const failureText = ({ message, remedy }: Failure): string => printable(`turnout: ${message}\n${remedy}\n`);

export const failureJson = ({ code, message, remedy }: Failure): string =>
	`${JSON.stringify({ error: { code, message, remedy } })}\n`;
