import { networkInterfaces } from 'node:os';

/** Connections to it stay within this host. */
export const isOwnAddress = (address: string): boolean =>
	/^127\.|^::1$/.test(address) ||
	Object.values(networkInterfaces()).some((all) => all?.some((each) => each.address === address));
