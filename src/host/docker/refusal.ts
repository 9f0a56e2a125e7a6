import type { ProxySpec } from '../../envoy/runtime.ts';
import { Failure } from '../../failure.ts';
import { wordsOf } from './docker-errors.ts';

/** What Docker says of a setting that it does not take. The first that is meant counts. */
const atFault: readonly (readonly [of: RegExp, setting: string])[] = [
	[/log[- ]opt|logging opt|max-size|max-file|log option/i, 'envoy.logOptions (TURNOUT_ENVOY_LOG_OPTIONS)'],
	[/logger|logging (driver|plugin)|log driver/i, 'envoy.logDriver (TURNOUT_ENVOY_LOG_DRIVER)'],
	[/memory/i, 'envoy.memoryMegabytes (TURNOUT_ENVOY_MEMORY)'],
	[/ulimit|rlimit|nofile/i, 'envoy.openFiles (TURNOUT_ENVOY_OPEN_FILES)'],
	[/bind source path|mount/i, 'envoy.mounts (TURNOUT_ENVOY_MOUNTS)'],
	[/executable file not found/i, 'envoy.command (TURNOUT_ENVOY_COMMAND)'],
	[/image|platform/i, 'envoy.image (TURNOUT_ENVOY_IMAGE)'],
];

/** The setting that Docker's words are about; undefined where they are about none. */
export const settingAtFault = (said: string): string | undefined => atFault.find(([of]) => of.test(said))?.[1];

export function notMade(error: unknown): Failure {
	const said = wordsOf(error);
	const setting = settingAtFault(said);
	const remedy = setting === undefined ? 'See what Docker has with `docker ps --all`' : `See ${setting}`;
	return new Failure('envoy', `Cannot start Envoy: Docker makes no container for it: ${said}`, remedy, error);
}

/** What Docker or runc says of a container that cannot be started, and what that means. */
export function refused({ image, command }: ProxySpec, error: unknown): Failure {
	const said = wordsOf(error);
	if (/executable file not found|exec: .*no such file or directory/.test(said))
		return new Failure(
			'image',
			`Cannot start Envoy: the image ${image} has no program ${command}: ${said}`,
			'Use an image of Envoy (envoy.image), or say where it has its program with envoy.command (TURNOUT_ENVOY_COMMAND)',
			error,
		);
	const remedy = `See ${settingAtFault(said) ?? 'envoy.image (TURNOUT_ENVOY_IMAGE)'} and what Docker says`;
	return new Failure('image', `Cannot start Envoy from the image ${image}: ${said}`, remedy, error);
}
