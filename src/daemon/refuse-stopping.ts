import { Failure } from '../failure.ts';
import { type DaemonState, isStopping } from './state.ts';

/** A stop may wait for connections to end; nobody has to wait for it to hear that it is too late. */
export function refuseStopping(state: DaemonState, to: 'on' | 'off'): void {
	if (!isStopping(state)) return;
	throw new Failure(
		'not-running',
		`Cannot switch the rules ${to}: the daemon is being stopped`,
		'Start it again, with `systemctl start turnout` or `turnout run`',
	);
}
