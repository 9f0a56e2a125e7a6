// Cleanup at exit: normal, by an uncaught error, or by a signal.
import { constants } from 'node:os';

type Undo = () => void;
const live = new Set<Undo>();
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Returns an undo that runs once: by the caller, or at the end of the process. */
export function untilExit(undo: Undo): Undo {
	installHandlers();
	const once = (): void => {
		if (live.delete(once)) undo();
	};
	live.add(once);
	return once;
}

function installHandlers(): void {
	if (process.listeners('exit').includes(undoAll)) return;
	process.on('exit', undoAll);
	for (const signal of signals) process.on(signal, () => process.exit(128 + constants.signals[signal]));
}

/** Last in, first out; a failure does not stop the others. */
function undoAll(): void {
	for (const undo of [...live].reverse())
		try {
			undo();
		} catch (error) {
			process.stderr.write(`lab: cannot clean up: ${error}\n`);
		}
}
