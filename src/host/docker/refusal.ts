import type { ProxySpec } from '../../envoy/runtime.ts';
import { Failure } from '../../failure.ts';
import { messageOf } from './docker-errors.ts';

/** Docker's messages about a setting that it rejects; the first match counts. */
const atFault: readonly (readonly [of: RegExp, setting: string])[] = [
	[/log[- ]opt|logging opt|max-size|max-file|log option/i, 'envoy.logOptions (TURNOUT_ENVOY_LOG_OPTIONS)'],
	[/logger|logging (driver|plugin)|log driver/i, 'envoy.logDriver (TURNOUT_ENVOY_LOG_DRIVER)'],
	[/memory/i, 'envoy.memoryMegabytes (TURNOUT_ENVOY_MEMORY)'],
	[/ulimit|rlimit|nofile/i, 'envoy.openFiles (TURNOUT_ENVOY_OPEN_FILES)'],
	[/bind source path|mount/i, 'envoy.mounts (TURNOUT_ENVOY_MOUNTS)'],
	[/executable file not found/i, 'envoy.command (TURNOUT_ENVOY_COMMAND)'],
	[/image|platform/i, 'envoy.image (TURNOUT_ENVOY_IMAGE)'],
];

/** The setting that Docker's message is about; undefined if it is about none. */
export const settingAtFault = (message: string): string | undefined => atFault.find(([of]) => of.test(message))?.[1];

export function creationFailure(error: unknown): Failure {
	const message = messageOf(error);
	const setting = settingAtFault(message);
	const remedy = setting === undefined ? 'See what Docker has with `docker ps --all`' : `See ${setting}`;
	return new Failure('envoy', `Cannot start Envoy: Docker cannot create its container: ${message}`, remedy, error);
}

/** For a container that Docker or runc cannot start. */
export function startFailure({ image, command }: ProxySpec, error: unknown): Failure {
	const message = messageOf(error);
	if (/executable file not found|exec: .*no such file or directory/.test(message))
		return new Failure(
			'image',
			`Cannot start Envoy: the image ${image} has no program ${command}: ${message}`,
			'Use an image of Envoy (envoy.image), or say where it has its program with envoy.command (TURNOUT_ENVOY_COMMAND)',
			error,
		);
	const remedy = `See ${settingAtFault(message) ?? 'envoy.image (TURNOUT_ENVOY_IMAGE)'} and what Docker says`;
	return new Failure('image', `Cannot start Envoy from the image ${image}: ${message}`, remedy, error);
}
