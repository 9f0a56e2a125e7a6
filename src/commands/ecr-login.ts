import { text } from 'node:stream/consumers';
import { Failure } from '../failure.ts';
import { requestEcrToken } from '../host/ecr/ecr-client.ts';
import { ecrOf } from '../values/image-reference.ts';

/** Started by the daemon, so that the AWS SDK is not loaded into it: registry host on standard input, token on standard output. */
export async function runEcrLogin(out: (text: string) => void, signal: AbortSignal): Promise<number> {
	const registry = ecrOf((await text(process.stdin)).trim());
	if (registry === undefined)
		throw new Failure(
			'usage',
			'Cannot log in: the input is not an ECR registry',
			'This command is for the daemon only',
		);
	out(`${JSON.stringify(await requestEcrToken(registry, signal))}\n`);
	return 0;
}
