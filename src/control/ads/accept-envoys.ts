import { failureOf } from '../../failure.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../log.ts';
import type { AdsCaller } from '../../xds/ads-caller.ts';
import type { Send } from '../../xds/ads-stream.ts';
import type { Fleet, FleetStream } from './fleet.ts';
import type { KnownEnvoy } from './identify.ts';
import { tellOnce } from './tell-once.ts';

export interface Door {
	readonly accept: (caller: AdsCaller, send: Send) => Promise<FleetStream>;
	/** The same for load reports. */
	readonly acceptReports: (caller: AdsCaller, send: Send) => Promise<FleetStream>;
	/** How often somebody was refused. */
	readonly refused: () => number;
}

interface DoorOptions {
	readonly fleet: Fleet;
	readonly identify: (caller: AdsCaller) => Promise<KnownEnvoy>;
	readonly log: Log;
	readonly clock: Clock;
}

/** Lets in who may ask, and tells who may not and why: what is thrown is for the Envoy's own log. */
export function createDoor({ fleet, identify, log, clock }: DoorOptions): Door {
	let refused = 0;
	const through = (open: Fleet['open'], event: string): Door['accept'] => {
		const tell = tellOnce(log, clock, event);
		const told = (error: unknown): unknown => {
			const { message, remedy } = failureOf(error);
			refused += 1;
			tell(message, remedy);
			return error;
		};
		return async (caller, send) => {
			const envoy = await identify(caller).catch((error) => {
				throw told(error);
			});
			const stream = open(envoy, send);
			return {
				...stream,
				receive(bytes) {
					try {
						stream.receive(bytes);
					} catch (error) {
						throw told(error);
					}
				},
			};
		};
	};
	return {
		refused: () => refused,
		accept: through(fleet.open, 'an Envoy is refused its configuration'),
		acceptReports: through(fleet.openReports, 'load reports of an Envoy are refused'),
	};
}
