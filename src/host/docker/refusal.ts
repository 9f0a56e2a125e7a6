import { Failure } from '../../failure.ts';
import type { ProxySpec } from '../../ports-proxy.ts';
import { wordsOf } from './failure.ts';

export const notMade = (error: unknown): Failure =>
	new Failure(
		'envoy',
		`Cannot start Envoy: Docker makes no container for it: ${wordsOf(error)}`,
		'See envoy.memoryMegabytes, envoy.openFiles and envoy.logDriver, and what Docker has with `docker ps --all`',
		error,
	);

/** What Docker or runc says of an image that cannot be started, and what that means. */
export function refused({ image, command }: ProxySpec, error: unknown): Failure {
	const said = wordsOf(error);
	const isMissing = /executable file not found|no such file or directory/.test(said);
	return new Failure(
		'image',
		isMissing
			? `Cannot start Envoy: the image ${image} has no program ${command}: ${said}`
			: `Cannot start Envoy from the image ${image}: ${said}`,
		isMissing
			? 'Use an image of Envoy (envoy.image), or say where it has its program with envoy.command (TURNOUT_ENVOY_COMMAND)'
			: 'See envoy.image (TURNOUT_ENVOY_IMAGE) and what Docker says',
		error,
	);
}
