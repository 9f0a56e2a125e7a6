import { type Given, textOf, understood } from '../../cli/arguments.ts';
import { createDoor } from '../../control/ads/accept-envoys.ts';
import { createFleet } from '../../control/ads/fleet.ts';
import { createFleetCounts, type FleetCounts } from '../../control/ads/fleet-counts.ts';
import type { NodeStatus } from '../../control/ads/fleet-status.ts';
import { identify } from '../../control/ads/identify.ts';
import { tellOnce } from '../../control/ads/tell-once.ts';
import type { Owner } from '../../control/arn.ts';
import type { Authorise } from '../../control/authorise.ts';
import type { ListenerStatus } from '../../control/control-status.ts';
import type { CurrentMesh } from '../../control/current-mesh.ts';
import { type AdsListenAddress, parseAdsListen } from '../../control/listen-address.ts';
import { Failure } from '../../failure.ts';
import type { AdsListener } from '../../host/ads/ads-listener.ts';
import type { FollowedTls, TlsMaterial } from '../../host/files/follow-tls-files.ts';
import { systemClock } from '../../lib/clock.ts';
import { describeFsError } from '../../lib/fs.ts';
import type { Log } from '../../log.ts';
import { DEFAULT_DRAIN_MS } from '../../xds/drain-ms.ts';
import { variableOptions } from '../../xds/envoy-variables.ts';
import type { MeshSettings } from '../mesh/mesh-settings.ts';

/** ADS for Envoys on other hosts. */
export interface ControlAds {
	readonly listener: ListenerStatus;
	readonly nodes: () => readonly NodeStatus[];
	readonly refused: () => number;
	readonly counts: FleetCounts['read'];
	readonly open: (signal: AbortSignal) => Promise<void>;
	readonly renew: (tls: TlsMaterial) => void;
	readonly close: () => void;
}

interface AdsInput {
	readonly listen: AdsListenAddress;
	readonly mesh: CurrentMesh;
	readonly settings: MeshSettings;
	readonly owner: Owner;
	readonly authorise: Authorise | undefined;
	readonly tls: FollowedTls | undefined;
	readonly log: Log;
}

/** Undefined: there is none. */
export function adsListenOf(
	given: Given,
	{ hasKeys, hasTls }: { readonly hasKeys: boolean; readonly hasTls: boolean },
): AdsListenAddress | undefined {
	const text = textOf(given, 'ads');
	const knowsClients = hasKeys || given['client-ca'] !== undefined;
	return text === undefined ? undefined : understood(() => parseAdsListen(text, { knowsClients, hasTls }), 'ads');
}

/** gRPC and protobuf are loaded here. */
export async function createControlAds(input: AdsInput): Promise<ControlAds> {
	const { listen, mesh, owner, authorise, tls, log } = input;
	const [{ createCodecs }, { loadCodec }, { openAdsListener }] = await Promise.all([
		import('../../host/ads/codec.ts'),
		import('../../host/ads/load-codec.ts'),
		import('../../host/ads/ads-listener.ts'),
	]);
	const shared = { log, clock: systemClock };
	const counts = createFleetCounts();
	const options = optionsOf(input);
	const fleet = createFleet({
		...{ ...shared, mesh, counts, options, loadCodec },
		drainMs: DEFAULT_DRAIN_MS,
		createCodec: createCodecs(),
	});
	const hasClientCa = tls?.current().ca !== undefined;
	const door = createDoor({ ...shared, fleet, identify: identify({ hasClientCa, authorise, owner }) });
	const tell = tellOnce(log, systemClock, 'a connection for ADS failed in TLS');
	const onTlsProblem = (from: string, why: string) => tell(`${from}: ${why}`, TLS_REMEDY);
	let opened: AdsListener | undefined;
	return {
		listener: {
			...{ name: 'ads', at: listen.shown },
			clients: [...(hasClientCa ? (['certificates'] as const) : []), ...(authorise ? (['keys'] as const) : [])],
		},
		...{ nodes: fleet.status, refused: door.refused, counts: counts.read },
		async open(signal) {
			fleet.watch(signal);
			opened = await openAdsListener(listen.options, { tls: tls?.current(), ...door, onTlsProblem }).catch((cause) => {
				throw notListening(listen, cause);
			});
		},
		renew: (material) => opened?.renew(material),
		close: () => opened?.close(),
	};
}

const TLS_REMEDY =
	"See that it trusts the authority of --certificate, and that the name it asks for is one of this certificate's";

/** Whoever asks for certificates by SDS must have said in its bootstrap where they come from; its Envoy says so if not. */
const optionsOf = ({ settings: { config, passThrough } }: AdsInput) => ({
	...{ ingressPort: config.ingressPort, egressPort: config.egressPort },
	...{ ...variableOptions(passThrough.env), hasSds: true },
});

const notListening = ({ shown }: AdsListenAddress, cause: unknown): Failure =>
	new Failure(
		'socket',
		`Cannot listen on ${shown} for ADS: ${describeFsError(cause)}`,
		'Name another: --ads ADDRESS:PORT',
		cause,
	);
