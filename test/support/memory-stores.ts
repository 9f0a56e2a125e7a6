// What outlives a daemon, without a disk and without systemd.
import type {
	ConfirmationFile,
	PendingConfirmation,
	RollbackTimer,
	State,
	StateStore,
	WriteFailure,
} from '../../src/daemon/stores.ts';
import { Failure } from '../../src/failure.ts';

export interface MemoryStores {
	readonly stateStore: StateStore;
	readonly confirmationFile: ConfirmationFile;
	readonly rollbackTimer: RollbackTimer;
	/** What a restart would read. */
	state: State;
	pending: PendingConfirmation | undefined;
	/** The disk takes nothing. */
	isFull: boolean;
	/** What is written is on the disk only once this resolves. */
	durable: Promise<void>;
	/** Timers that are set: seconds by id. */
	readonly timers: ReadonlyMap<string, number>;
	/** Arguments of the command that the last timer runs. */
	lastArguments: readonly string[];
}

const full = (path: string): Failure =>
	new Failure('state', `Cannot write ${path}: its disk is full`, 'Free some space');

/** `steps` gets what is done to them, in order. */
export function createMemoryStores(steps: string[], state: State = {}): MemoryStores {
	const timers = new Map<string, number>();
	let count = 0;
	const unwritten = (): WriteFailure | undefined =>
		stores.isFull ? { failure: full('/s'), isTransient: true } : undefined;
	const stores: MemoryStores = {
		...{ state, pending: undefined, isFull: false, durable: Promise.resolve(), timers, lastArguments: [] },
		stateStore: {
			read: () => ({ state: stores.state, broken: '' }),
			write(next) {
				if (!stores.isFull) stores.state = next;
				return unwritten();
			},
			published: () => stores.durable.then(unwritten),
		},
		confirmationFile: {
			read: (only) => (only === undefined || stores.pending?.until === only ? stores.pending : undefined),
			write(pending) {
				if (stores.isFull) throw full('/c');
				stores.pending = pending;
			},
			remove() {
				if (stores.isFull) throw full('/c');
				stores.pending = undefined;
			},
		},
		rollbackTimer: {
			async set(seconds, args) {
				count += 1;
				timers.set(`timer ${count}`, seconds);
				stores.lastArguments = args;
				steps.push(`timer ${count} set`);
				return `timer ${count}`;
			},
			async cancel(id) {
				timers.delete(id);
				steps.push(`${id} cancelled`);
			},
		},
	};
	return stores;
}
