import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../log.ts';
import type { NodeStatus } from '../../mesh/console-protocol.ts';
import type { Store } from '../../store/store.ts';
import type { AccessKeys } from '../access/access-keys.ts';
import type { Refusal } from '../access/request-refusal.ts';
import type { Owner } from '../arn.ts';
import type { History } from '../history.ts';
import type { Assets } from './assets.ts';

export interface ConsoleOptions {
	readonly assets: Assets;
	readonly store: Store;
	readonly owner: Owner;
	readonly log: Log;
	readonly clock: Pick<Clock, 'nowMs'>;
	/** Undefined: whoever is on this host may do everything. */
	readonly keys: (() => AccessKeys) | undefined;
	readonly onRefused: (refusal: Refusal) => void;
	/** Undefined: none is kept. */
	readonly history?: History;
	/** Undefined: no Envoys are served from here. */
	readonly nodes?: () => readonly NodeStatus[];
}
