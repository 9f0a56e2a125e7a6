// Acts on import: lists the base chains over and over for the milliseconds of its argument, on a host of the lab. Prints each
// list that it has got, by the ids of its chains, with how often.
import { setTimeout as sleep } from 'node:timers/promises';
import { Protocol } from 'netlink/dist/constants.js';
import { createNetlink } from 'netlink/dist/netlink.js';
import { readBaseChains } from '../../src/host/nft/base-chains.ts';

const socket = createNetlink(Protocol.NETFILTER);
const lists: Record<string, number> = {};
const endMs = performance.now() + Number(process.argv[2]);
while (performance.now() < endMs) {
	// Answers that the kernel itself marks as interrupted are no lists.
	const found = await readBaseChains(socket).catch(() => undefined);
	const key = found?.map(({ id }) => id).join(', ');
	if (key !== undefined) lists[key] = (lists[key] ?? 0) + 1;
	await sleep(0);
}
socket.close();
process.stdout.write(JSON.stringify(lists));
