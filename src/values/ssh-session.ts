import { parseCidr } from './cidr.ts';
import type { Family } from './units.ts';

/** A TCP connection that carries an SSH login. */
export interface Session {
	readonly family: Family;
	readonly from: string;
	readonly fromPort: number;
	readonly to: string;
	/** The port of the SSH server. */
	readonly port: number;
	/** Interface of a link-local address (its zone); else ''. */
	readonly zone: string;
}

/** Parses SSH_CONNECTION (sshd(8)): the client's address and port, then ours. Undefined if it is not one. */
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
