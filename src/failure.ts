import { escapeControls } from './lib/escape.ts';

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
	| 'resources'
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

/** What the kernel does not give us, and what is to be done about it (errno(3)). */
const shortages: Readonly<Record<string, { readonly why: string; readonly remedy: string } | undefined>> = {
	EMFILE: {
		why: 'this process may have no more files open (EMFILE)',
		remedy: 'Raise its limit: LimitNOFILE= of the service, or `ulimit -n`',
	},
	ENFILE: { why: 'this host can have no more files open (ENFILE)', remedy: 'Raise it: sysctl fs.file-max' },
	EAGAIN: {
		why: 'this host, or this service, can have no more processes (EAGAIN)',
		remedy: 'Raise the limit: TasksMax= of the service, `ulimit -u`, sysctl kernel.pid_max',
	},
	ENOMEM: {
		why: 'this host is out of memory (ENOMEM)',
		remedy: 'Free some, or see what limits the service: MemoryMax=',
	},
};

/** Whatever was thrown, as something to show; what nobody foresaw is said to be a defect of ours. */
export function failureOf(error: unknown): Failure {
	if (error instanceof Failure) return error;
	const short = shortages[(error as NodeJS.ErrnoException | undefined)?.code ?? ''];
	if (short !== undefined) return new Failure('resources', `Cannot go on: ${short.why}`, short.remedy, error);
	const why = error instanceof Error ? error.message : String(error);
	return new Failure('internal', `Cannot go on: ${why}`, 'This is a defect of turnout; please report it', error);
}

/** The words for standard error: the message, then the remedy on a line of its own. */
export const failureText = ({ message, remedy }: Failure): string => escapeControls(`turnout: ${message}\n${remedy}\n`);

export const failureJson = ({ code, message, remedy }: Failure): string =>
	`${JSON.stringify({ error: { code, message, remedy } })}\n`;
