import { bytesOf } from '../../values/cidr.ts';
import type { Family } from '../../values/units.ts';
import { errnoOf } from './errno.ts';
import { openRtNetlink } from './open-socket.ts';

/** Address families (socket.h), and the length of their addresses in bits. */
const AF = { ipv4: 2, ipv6: 10 } as const;
const BITS = { ipv4: 32, ipv6: 128 } as const;
const TIMEOUT_MS = 2_000;

/** The interface that the kernel would send a packet to this address by; undefined if there is no route. */
export async function readInterfaceTo(family: Family, address: string): Promise<string | undefined> {
	const socket = openRtNetlink();
	const options = { timeout: TIMEOUT_MS };
	try {
		const dst = Buffer.from(bytesOf(family, address));
		const [route] = await socket.getRoute({ family: AF[family], dstLen: BITS[family] }, { dst }, options);
		const index = route?.attrs.oif;
		if (index === undefined) return undefined;
		const [link] = await socket.getLink({ index }, {}, options);
		return link?.attrs.ifname;
	} catch (error) {
		if (errnoOf(error) === undefined) throw error;
		return undefined;
	} finally {
		socket.socket.close();
	}
}
