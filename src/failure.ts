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

/** The one error class: `code` is for programs, `message` for logs, `remedy` tells the user what to do. */
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

/** Resource limits of the kernel, by errno(3), each with its remedy. */
const shortages: Readonly<Record<string, { readonly why: string; readonly remedy: string } | undefined>> = {
	EMFILE: {
		why: 'this process has reached its limit of open files (EMFILE)',
		remedy: 'Raise its limit: LimitNOFILE= of the service, or `ulimit -n`',
	},
	ENFILE: { why: 'this host has reached its limit of open files (ENFILE)', remedy: 'Raise it: sysctl fs.file-max' },
	EAGAIN: {
		why: 'this host or this service has reached its limit of processes (EAGAIN)',
		remedy: 'Raise the limit: TasksMax= of the service, `ulimit -u`, sysctl kernel.pid_max',
	},
	ENOMEM: {
		why: 'this host is out of memory (ENOMEM)',
		remedy: 'Free memory, or raise MemoryMax= of the service',
	},
};

const BUSY_REMEDY = 'Try again when it is less busy, and no other program holds a lock of the rules';

/** Any thrown value as a Failure. An error that no part foresaw is reported as a defect of turnout. */
export function failureOf(error: unknown): Failure {
	if (error instanceof Failure) return error;
	const short = shortages[(error as NodeJS.ErrnoException | undefined)?.code ?? ''];
	if (short !== undefined) return new Failure('resources', `Cannot continue: ${short.why}`, short.remedy, error);
	if (error instanceof DOMException && error.name === 'TimeoutError')
		return new Failure('resources', 'Cannot continue: this host took too long', BUSY_REMEDY, error);
	const why = error instanceof Error ? error.message : String(error);
	return new Failure('internal', `Cannot continue: ${why}`, 'This is a defect of turnout; please report it', error);
}

/** Text for standard error: the message, then the remedy on its own line. */
export const failureText = ({ message, remedy }: Failure): string => escapeControls(`turnout: ${message}\n${remedy}\n`);

export const failureJson = ({ code, message, remedy }: Failure): string =>
	`${JSON.stringify({ error: { code, message, remedy } })}\n`;
