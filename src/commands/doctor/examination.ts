import type { Given } from '../../cli/arguments.ts';
import type { Loaded } from '../../config/merge-sources.ts';
import { socketOf } from '../../config/quick-lookup.ts';
import { resolveCapture } from '../../config/resolve-ids.ts';
import type { DaemonContext } from '../../daemon/daemon-context.ts';
import type { CheckName, Finding } from '../../doctor/finding.ts';
import { backends } from '../../firewall/backends.ts';
import { resolveIds } from '../../host/files/accounts.ts';
import { type OpenHost, openHost } from '../../host/open-host.ts';
import { readKernelFacts } from '../../host/sysctls.ts';
import { once } from '../../lib/once.ts';
import type { BackendChoice } from '../../reconcile/host.ts';
import { computeDesired, type DesiredState } from '../../reconcile/resolve.ts';
import type { Capture } from '../../ruleset/capture.ts';
import { withMeshPorts } from '../mesh-ports.ts';
import { settingsArguments } from '../settings-options.ts';
import { type AnsweringDaemon, askDaemon, createSettings, type SettingsToJudge } from './judged-settings.ts';
import { resolvePassively } from './resolve-passively.ts';

/** A part of the doctor's list. */
export interface Check {
	readonly names: readonly CheckName[];
	/** What it rejects with is why it could not look. */
	readonly run: (of: Examination) => Promise<readonly Finding[]>;
}

/** What the checks look at. Each part is read when the first of them asks, and at most once; what cannot be read rejects. */
export interface Examination extends SettingsToJudge {
	readonly signal: AbortSignal;
	readonly socket: string;
	/** The one that answers on the socket. */
	readonly daemon: () => Promise<AnsweringDaemon>;
	/** The settings with the ports of a mesh, not resolved yet. */
	readonly whole: () => Promise<Loaded>;
	/** Rejects with all names of users and groups that this host does not know. */
	readonly capture: () => Promise<Capture>;
	/** Takes CAP_NET_ADMIN, as the two that follow do. */
	readonly host: () => Promise<OpenHost>;
	readonly context: () => Promise<DaemonContext>;
	/** As if interception were on. */
	readonly desired: () => Promise<DesiredState>;
	/** Chosen here or, where this process may not look, by the daemon. */
	readonly backend: () => Promise<BackendChoice>;
}

/** Nothing that is read takes longer. */
const READ_MS = 30_000;

export function createExamination(given: Given, stop: AbortSignal): Examination {
	const signal = AbortSignal.any([stop, AbortSignal.timeout(READ_MS)]);
	const socket = socketOf(given);
	const daemon = once(() => askDaemon(socket, signal));
	const { written, settings } = createSettings(settingsArguments(given), daemon);
	const whole = once(async () => withMeshPorts(await settings()));
	const host = once(() => openHost(backends, signal));
	const context = once(async () => {
		const former = await daemon()
			.then(({ status }) => status.backend)
			.catch(() => undefined);
		return resolvePassively(await host(), await settings(), former, signal);
	});
	return {
		...{ signal, socket, daemon, written, settings, whole, host, context },
		capture: once(async () => ({ ...(await resolveCapture(await whole(), resolveIds)), ...readKernelFacts() })),
		desired: once(async () => computeDesired(await context())),
		backend: once(() =>
			context().then(
				({ backend }) => backend,
				(error) => backendOf(daemon, error),
			),
		),
	};
}

/** What this process is refused is told if no daemon answers either. */
const backendOf = (daemon: Examination['daemon'], error: unknown): Promise<BackendChoice> =>
	daemon().then(
		({ status }) => status.backend as BackendChoice,
		() => Promise.reject(error),
	);
