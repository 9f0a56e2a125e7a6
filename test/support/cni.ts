// How a container runtime calls the plugin, about the network of a host of the lab.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import type { CniError } from '../../src/commands/cni/call.ts';
import type { Namespace } from '../lab/net/namespace.ts';
import { cniProgram, type Outcome } from '../lab/turnout.ts';
import { proxied } from './aws-appmesh.ts';

export type Command = 'ADD' | 'DEL' | 'CHECK' | 'GC' | 'STATUS' | 'VERSION';

/** The runtime is in a network of the lab as well: the machine's own is out of reach, whatever goes wrong. */
export interface Runtime {
	readonly from: Namespace;
	readonly network: string;
}

export interface CallOptions {
	/** An object, or any other text for standard input. */
	readonly config?: object | string;
	readonly env?: Readonly<Record<string, string>>;
	/** A program, with its arguments, that runs the plugin: with something missing. It execs. */
	readonly through?: readonly string[];
}

const environment = ({ network }: Pick<Runtime, 'network'>, command: Command) => ({
	...{ CNI_COMMAND: command, CNI_CONTAINERID: 'task-1', CNI_IFNAME: 'eth0', CNI_PATH: '/opt/cni/bin' },
	...{ CNI_NETNS: network },
});

const inputOf = (config: object | string): string => (typeof config === 'string' ? config : JSON.stringify(config));

export function callPlugin(runtime: Runtime, command: Command, options: CallOptions = {}): Outcome {
	const { config = proxied, env = {}, through = [] } = options;
	const [file = '', ...args] = [...through, cniProgram];
	return runtime.from.tryRun(file, args, { input: inputOf(config), env: { ...environment(runtime, command), ...env } });
}

export function startPlugin(runtime: Runtime, command: Command, config: object = proxied): ChildProcess {
	const env = { ...process.env, ...environment(runtime, command) };
	const child = runtime.from.spawn(cniProgram, [], { env, stdio: 'pipe' });
	child.stdin?.on('error', () => undefined).end(inputOf(config));
	return child;
}

/** Nothing is printed but the result, if the command has one. */
export function assertDone(outcome: Outcome, result?: object): void {
	assert.equal(outcome.stderr, '');
	assert.equal(outcome.code, 0, outcome.stdout);
	if (result === undefined) assert.equal(outcome.stdout, '');
	else assert.deepEqual(JSON.parse(outcome.stdout), result);
}

export function assertRefused({ code, stdout, stderr }: Outcome, number: number, said: RegExp): void {
	assert.equal(stderr, '');
	assert.equal(code, 1, stdout);
	const error = JSON.parse(stdout) as CniError;
	assert.match([error.msg, error.details].filter(Boolean).join('; '), said);
	assert.equal(error.code, number);
	// What is refused before the configuration is read is so in the newest version.
	assert.match(error.cniVersion ?? '', number === 7 || number === 8 ? /^1\.0\.0$/ : /^\d\.\d\.\d$/);
}
