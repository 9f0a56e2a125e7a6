// Compares what Docker and the kernel have with what status says.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createClient } from '../../src/localapi/client.ts';
import type { Condition, Status } from '../../src/status/types.ts';
import type { Host } from '../lab/net/host.ts';
import type { Docker } from '../lab/services/dockerd.ts';
import type { TestDaemon } from '../lab/turnout.ts';
import { ownLines } from './daemon.ts';
import { eventually } from './eventually.ts';

export interface ObservedHost {
	readonly lab: Host;
	readonly docker: Docker;
}

interface Container {
	readonly id: string;
	readonly name: string;
	readonly state: string;
	readonly startedAt: string;
}

/** Those that bear the labels of a turnout with this folder, whatever their names. */
export function containersOf({ docker }: ObservedHost, folder: string, label = 'turnout.owner'): Container[] {
	const filter = `label=${label}=${join(folder, 'state')}`;
	const ids = docker.docker(['ps', '--all', '--quiet', '--no-trunc', '--filter', filter]).split('\n').filter(Boolean);
	return ids.flatMap((id) => {
		const format = '{{.Name}} {{.State.Status}} {{.State.StartedAt}}';
		// One that has gone in the meantime is none.
		const [name = '', state = '', startedAt = ''] = docker
			.tryDocker(['inspect', '-f', format, id])
			.stdout.trim()
			.split(' ');
		return name === '' ? [] : [{ id, name: name.slice(1), state, startedAt }];
	});
}

/** Rules and container are as status says, once pending changes are done. */
export async function assertAsSaid(seen: ObservedHost, daemon: TestDaemon, name = 'turnout-envoy'): Promise<Status> {
	const { status } = await eventually(
		async () => {
			const now = daemon.status();
			return { status: now, wrong: await differencesOf(seen, daemon, now, name) };
		},
		({ wrong }) => wrong === '',
	);
	return status;
}

/** '' where there are none. */
async function differencesOf(seen: ObservedHost, { folder, socket }: TestDaemon, { is, envoy }: Status, name: string) {
	const hasRules = ownLines(seen.lab.host) > 0;
	// Degraded may be anything but what is wanted.
	const isAsWanted = is === 'degraded' || hasRules === (is === 'enabled');
	const { same: isSame } = await createClient(socket).diff({});
	if (!isAsWanted || isSame === ['degraded', 'waiting'].includes(is))
		return `${is}, but rules: ${hasRules}, as wanted: ${isSame}`;
	const containers = containersOf(seen, folder);
	const running = containers.filter(({ state }) => state === 'running');
	const isUp = ['starting', 'live', 'draining'].includes(envoy.state);
	if (isUp ? containers.length === 1 && running.some((one) => isAsTold(one, envoy, name)) : running.length === 0)
		return '';
	return `${envoy.state} ${envoy.container} since ${envoy.since}, but Docker has ${JSON.stringify(containers)}`;
}

const isAsTold = (one: Container, { container = ' ', since }: Status['envoy'], name: string): boolean =>
	one.name === name && one.id.startsWith(container) && one.startedAt === since;

/** It has ended: neither a container nor a rule of it is left. */
export function assertNothingLeft(seen: ObservedHost, { folder }: TestDaemon): void {
	assert.deepEqual(containersOf(seen, folder), []);
	assert.deepEqual(containersOf(seen, folder, 'turnout.keeps'), []);
	assert.equal(ownLines(seen.lab.host), 0);
}

/** It did not start, says why and what to do, and has left nothing. Returns both lines. */
export async function assertEnded(seen: ObservedHost, daemon: TestDaemon): Promise<readonly string[]> {
	assert.equal(await daemon.ended, 1, daemon.log());
	assertNothingLeft(seen, daemon);
	const lines = daemon.log().split('\n');
	assert.equal(lines.pop(), '');
	return lines.filter((line) => !line.startsWith('{"time":'));
}

/** What is wrong, with its remedy; '' where all is well. */
export const told = ({ conditions }: Status): string =>
	conditions
		.flatMap((condition: Condition) =>
			condition.ok ? [] : [`${condition.subject}: ${condition.why}\n${condition.remedy}`],
		)
		.join('\n');

/** What `status --json` prints, over the socket: without a process per poll. */
export const untilStatus = (
	{ socket }: TestDaemon,
	holds: (status: Status) => boolean,
	patienceMs?: number,
): Promise<Status> => eventually(() => createClient(socket).status({}), holds, patienceMs);

/** Each event of its log, in order. */
export const eventsOf = (daemon: TestDaemon): readonly { readonly event: string; readonly why?: string }[] =>
	daemon
		.log()
		.split('\n')
		.filter((line) => line.startsWith('{"time":'))
		.map((line) => JSON.parse(line) as { event: string; why?: string });

/** Why Envoy was not LIVE, each time that it was said. */
export const whysOf = (daemon: TestDaemon): string[] =>
	eventsOf(daemon).flatMap(({ event, why }) => (event === 'envoy failed' ? [why ?? ''] : []));

export function removeContainers({ docker }: Docker): void {
	const ids = docker(['ps', '--all', '--quiet']).split('\n').filter(Boolean);
	if (ids.length > 0) docker(['rm', '--force', ...ids]);
}
