import type { Written } from '../config/written.ts';
import type { Failure } from '../failure.ts';
import type { Dialect } from '../firewall/firewall.ts';
import type { Checkpoint } from '../reconcile/checkpoint.ts';

/** What must outlive the daemon. */
export interface State {
	readonly wanted?: 'enabled' | 'disabled';
	readonly since?: string;
	readonly dialect?: Dialect;
	/** Chosen by `update`, for as long as the settings name the same image as then. */
	readonly image?: { readonly chosen: string; readonly settings: string };
}

/** One file that is replaced as a whole. */
export interface StateStore {
	/** `broken`: what was there could not be used, and was set aside; '' where there was nothing, or all is well. */
	read(): { readonly state: State; readonly broken: string };
	/** Undefined once it would outlive this process; the disk is waited for behind our back. */
	write(state: State): WriteFailure | undefined;
	/** Once the disk has what was written last, or something newer was written: undefined; or it says that it failed. */
	published(): Promise<WriteFailure | undefined>;
}

export interface WriteFailure {
	readonly failure: Failure;
	/** A full disk may have room again; a folder that is none stays none. */
	readonly isTransient: boolean;
}

/** What is remembered, whether or not it can be written at the moment. */
export interface StateFile {
	read(): State;
	write(state: State): void;
	/** Calls back once what was written last would outlive a power cut: at once where it would already. */
	whenDurable(act: () => void): void;
	/** What of it a restart would not find; undefined while all is well. */
	problem(): { readonly why: string; readonly remedy: string } | undefined;
}

/** What `enable --confirm` and `reload --confirm` go back to unless it is confirmed in time; it outlives the daemon. */
export interface PendingConfirmation extends Checkpoint {
	/** RFC 3339. */
	readonly until: string;
	readonly before: { readonly wanted: 'enabled' | 'disabled'; readonly since: string };
	/** Those that held then, where a reload has changed them. */
	readonly settings?: Written;
	/** Envoy's, which connections have been captured for since. */
	readonly ports: readonly number[];
	/** What goes back when the time is over, and is to be cancelled otherwise. */
	readonly alarm: string;
	/** It has gone back already, and the daemon was not there to do it. */
	readonly isReverted?: true;
}

export interface ConfirmationFile {
	/** `only`: what waits until this time, by the clock of now or of when it was written. */
	read(only?: string): PendingConfirmation | undefined;
	write(pending: PendingConfirmation): void;
	remove(): void;
}

/** Runs a command of turnout after a time, whatever has become of this process by then. */
export interface RollbackTimer {
	/** Resolves to what `cancel` takes. */
	set(seconds: number, args: readonly string[]): Promise<string>;
	cancel(id: string): Promise<void>;
}

/** systemd, which waits for word of us: sd_notify(3). */
export interface ServiceManager {
	/** Assignments as `READY=1`; resolves once it has read them. */
	notify(words: readonly string[]): Promise<void>;
	/** Without a word for so long it ends us; undefined: it is patient. */
	readonly patienceMs?: number;
}
