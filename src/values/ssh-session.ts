import { parseCidr } from './cidr.ts';
import type { Family } from './units.ts';

/** A connection that somebody is logged in over. */
export interface Session {
	readonly family: Family;
	readonly from: string;
	readonly fromPort: number;
	readonly to: string;
	/** Where the server listens that has let them in. */
	readonly port: number;
	/** The interface of link-local addresses; else ''. */
	readonly zone: string;
}

/** SSH_CONNECTION (sshd(8)): the client's address and port, and ours; undefined where it is none. */
export function parseSession(text: string): Session | undefined {
	const [, from = '', , fromPort, to = '', zone = '', port] = WORDS.exec(text) ?? [];
	const family = familyOf(from);
	if (family === undefined || familyOf(to) !== family) return undefined;
	return { family, from, to, zone, fromPort: Number(fromPort), port: Number(port) };
}

const WORDS = /^([\da-fA-F.:]{2,45})(%[\w.@-]{1,15})? (\d{1,5}) ([\da-fA-F.:]{2,45})(?:%([\w.@-]{1,15}))? (\d{1,5})$/;

function familyOf(address: string): Family | undefined {
	try {
		return parseCidr(address).family;
	} catch {
		return undefined;
	}
}
