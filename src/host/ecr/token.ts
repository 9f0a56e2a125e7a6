import { Failure, type FailureCode } from '../../failure.ts';
import type { EcrRegistry } from '../../values/image-reference.ts';
import { type Finished, hasTimedOut, type Run } from '../process/runner.ts';

/** ECR's authorization token: base64 of `AWS:<password>`, and its expiry in milliseconds since 1970. */
export interface EcrToken {
	readonly token: string;
	readonly endsAt: number;
}

export interface EcrQuestion {
	/** This executable, with what it takes to run it. */
	readonly program: readonly string[];
	readonly host: string;
	readonly registry: EcrRegistry;
	readonly timeoutMs: number;
}

/** Far more than any token is. */
const MAX_ANSWER_BYTES = 1_000_000;

/**
 * Requests a token in a process of its own, the hidden command `ecr-login` of this program: the registry's host goes in by
 * standard input, the token comes by standard output, never by arguments or variables. AWS's client takes 25 MB that only
 * the end of a process gives back, neither the garbage collector nor the end of a worker thread.
 */
export async function askEcr(run: Run, question: EcrQuestion, signal: AbortSignal): Promise<EcrToken> {
	const { program, host, registry, timeoutMs } = question;
	const [file = '', ...args] = program;
	try {
		const options = { input: host, timeoutMs, maxOutputBytes: MAX_ANSWER_BYTES };
		return tokenOf(await run(file, [...args, 'ecr-login', '--json'], options, signal), registry);
	} catch (cause) {
		signal.throwIfAborted();
		if (cause instanceof Failure) throw cause;
		if (hasTimedOut(cause)) throw silentEcr(registry, `within ${timeoutMs / 1000} s`);
		throw new Failure('registry', `${subject(registry)}: ${file} does not run`, 'Start the daemon again', cause);
	}
}

function tokenOf({ code, stdout, stderr }: Finished, registry: EcrRegistry): EcrToken {
	if (code !== 0) throw parseFailure(stderr) ?? unexpected(registry, `the process that asks ended with code ${code}`);
	try {
		const { token, endsAt } = JSON.parse(stdout) as Partial<EcrToken>;
		if (typeof token === 'string' && typeof endsAt === 'number') return { token, endsAt };
	} catch {
		// The output may hold a token, so no error quotes it.
	}
	throw unexpected(registry, 'the process that asks gave no token');
}

/** The last line is what `failureJson` wrote; libraries may have printed before. */
function parseFailure(stderr: string): Failure | undefined {
	try {
		const line = stderr.trim().split('\n').at(-1) ?? '';
		const { code, message, remedy } = (JSON.parse(line) as { error: Record<string, string> }).error;
		return code === undefined ? undefined : new Failure(code as FailureCode, message ?? '', remedy ?? '');
	} catch {
		return undefined;
	}
}

const unexpected = (registry: EcrRegistry, why: string): Failure =>
	new Failure('registry', `${subject(registry)}: ${why}`, 'Try again; look into the journal for what ended it');

export const subject = ({ region, account }: EcrRegistry): string => `Cannot log in to ECR ${account} in ${region}`;

export const silentEcr = (registry: EcrRegistry, detail: string): Failure =>
	new Failure(
		'registry',
		`${subject(registry)}: AWS does not answer ${detail}`,
		`Let this host reach ECR's API in ${registry.region} by HTTPS (route, security group, proxy), or add the VPC endpoint com.amazonaws.${registry.region}.ecr.api`,
	);
