import { bytesOf, showAddress } from '../../values/cidr.ts';
import type { Family } from '../../values/units.ts';
import { errnoOf } from './errno.ts';
import { openRtNetlink } from './open-socket.ts';

/** Address families (socket.h), and the length of their addresses in bits. */
const AF = { ipv4: 2, ipv6: 10 } as const;
const BITS = { ipv4: 32, ipv6: 128 } as const;
const TIMEOUT_MS = 2_000;

export interface KernelRoute {
	readonly interface: string;
	/** The own address that a packet would be sent from; '' where the route has none. */
	readonly source: string;
	/** To this host itself. */
	readonly isLocal: boolean;
}

/** How the kernel would send a packet to this address; undefined if there is no route. */
export async function readRouteTo(family: Family, address: string): Promise<KernelRoute | undefined> {
	const socket = openRtNetlink();
	const options = { timeout: TIMEOUT_MS };
	try {
		const dst = Buffer.from(bytesOf(family, address));
		const [route] = await socket.getRoute({ family: AF[family], dstLen: BITS[family] }, { dst }, options);
		const index = route?.attrs.oif;
		if (route === undefined || index === undefined) return undefined;
		const [link] = await socket.getLink({ index }, {}, options);
		const { prefsrc } = route.attrs;
		return {
			interface: link?.attrs.ifname ?? '',
			source: prefsrc === undefined ? '' : showAddress(family, [...prefsrc]),
			isLocal: route.data.type === 'LOCAL',
		};
	} catch (error) {
		if (errnoOf(error) === undefined) throw error;
		return undefined;
	} finally {
		socket.socket.close();
	}
}

/** The interface that the kernel would send a packet to this address by; undefined if there is no route. */
export async function readInterfaceTo(family: Family, address: string): Promise<string | undefined> {
	return (await readRouteTo(family, address))?.interface;
}
