import type { Written } from '../config/written.ts';
import type { Failure } from '../failure.ts';
import type { Dialect } from '../firewall/firewall.ts';
import type { Checkpoint } from '../reconcile/checkpoint.ts';

/** What outlives the daemon. */
export interface State {
	readonly wanted?: 'enabled' | 'disabled';
	readonly since?: string;
	readonly dialect?: Dialect;
	/** Chosen by `update`; holds while the settings name the same image as then. */
	readonly image?: { readonly chosen: string; readonly settings: string };
}

/** The state's file, replaced as a whole. */
export interface StateStore {
	/** `broken`: why the file could not be used, and was set aside; '' where it could, or there was none. */
	read(): { readonly state: State; readonly broken: string };
	/** Undefined: it outlives this process. Does not wait for the disk. */
	write(state: State): WriteFailure | undefined;
	/** Resolves once the last write is on the disk, or a newer one was made; to a failure where the disk refused it. */
	published(): Promise<WriteFailure | undefined>;
}

export interface WriteFailure {
	readonly failure: Failure;
	/** A retry may succeed: a full disk may have room again, a path that is not a folder stays so. */
	readonly isTransient: boolean;
}

/** The state in memory, written as soon as the disk takes it. */
export interface StateFile {
	read(): State;
	write(state: State): void;
	/** Calls back once the last write would survive a power cut; at once where it would already. */
	whenDurable(act: () => void): void;
	/** What a restart would not find; undefined while all is well. */
	problem(): { readonly why: string; readonly remedy: string } | undefined;
}

/** What `enable --confirm` and `reload --confirm` roll back to unless confirmed in time. Outlives the daemon. */
export interface PendingConfirmation extends Checkpoint {
	/** RFC 3339. */
	readonly until: string;
	readonly before: { readonly wanted: 'enabled' | 'disabled'; readonly since: string };
	/** The settings before, where a reload has changed them. */
	readonly settings?: Written;
	/** Envoy's, that connections were redirected to since. */
	readonly ports: readonly number[];
	/** The id of the rollback timer. */
	readonly alarm: string;
	/** `turnout revert` has rolled back already, as the daemon did not answer. */
	readonly isReverted?: true;
}

export interface ConfirmationFile {
	/** `only`: what waits until this time, by the clock of now or of when it was written. */
	read(only?: string): PendingConfirmation | undefined;
	write(pending: PendingConfirmation): void;
	remove(): void;
}

/** Runs a command of turnout after a time, even if this process is gone by then. */
export interface RollbackTimer {
	/** Resolves to what `cancel` takes. */
	set(seconds: number, args: readonly string[]): Promise<string>;
	cancel(id: string): Promise<void>;
}

/** systemd's side of sd_notify(3). */
export interface ServiceManager {
	/** Assignments such as `READY=1`; resolves once systemd has read them. */
	notify(words: readonly string[]): Promise<void>;
	/** The watchdog's timeout; undefined: there is none. */
	readonly patienceMs?: number;
}
