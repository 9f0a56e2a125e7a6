// What must not outlive this process: undone on its normal end, on an uncaught error, and on a signal.
import { constants } from 'node:os';

type Undo = () => void;
const live = new Set<Undo>();
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Returns an undo that works once, whoever comes first: the caller or the end of the process. */
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

/** Last made, first undone; one failure does not keep the others. */
function undoAll(): void {
	for (const undo of [...live].reverse())
		try {
			undo();
		} catch (error) {
			process.stderr.write(`lab: cannot clean up: ${error}\n`);
		}
}
