import { text } from 'node:stream/consumers';
import { Failure } from '../failure.ts';
import { requestEcrToken } from '../host/ecr/ecr-client.ts';
import { ecrOf } from '../values/image-reference.ts';

/** What the daemon starts to log in to ECR: the registry's host on standard input, its token on standard output. */
export async function runEcrLogin(out: (text: string) => void, signal: AbortSignal): Promise<number> {
	const registry = ecrOf((await text(process.stdin)).trim());
	if (registry === undefined)
		throw new Failure('usage', 'Cannot log in: that is no ECR registry', 'The daemon starts this by itself');
	out(`${JSON.stringify(await requestEcrToken(registry, signal))}\n`);
	return 0;
}
