// How the variables of Envoy's images are written.
import { isIP } from 'node:net';
import { hasControlCharacters, quote } from '../lib/escape.ts';
import { splitAddress } from '../values/address.ts';
import { LONGEST_SOCKET_PATH } from '../values/socket-path.ts';
import { parsePort } from '../values/units.ts';
import { parseInterval } from './go-duration.ts';

/** Why a file cannot be used; undefined if it can. */
export type FileCheck = (path: string) => string | undefined;

export interface VariableKind {
	readonly allowed: string;
	/** Its canonical spelling. Throws an Error that says why the text is invalid. */
	readonly parse: (text: string, whyNot: FileCheck) => string;
}

export const text: VariableKind = { allowed: 'text without control characters', parse: withoutControls };

/** As Go's strconv.ParseBool takes it, which AWS's agent uses. */
export const flag: VariableKind = {
	allowed: '1, t, T, true, TRUE, True, 0, f, F, false, FALSE or False',
	parse(given) {
		if (/^(1|[tT]|true|TRUE|True)$/.test(given)) return '1';
		if (/^(0|[fF]|false|FALSE|False)$/.test(given)) return '0';
		throw new Error(`${quote(given)} is neither true nor false`);
	},
};

export const port: VariableKind = {
	allowed: 'one port from 1 to 65535',
	parse: (given) => String(parsePort(given)),
};

/** Envoy asks no DNS server for it. */
export const ip: VariableKind = {
	allowed: 'an IPv4 or IPv6 address',
	parse(given) {
		if (isIP(given) === 0) throw new Error(`${quote(given)} is no address`);
		return given;
	},
};

export const daemonAddress: VariableKind = {
	allowed: 'an IPv4 or IPv6 address, with or without a port: 127.0.0.1, 127.0.0.1:2000, [::1]:2000',
	parse(given) {
		const { host, port: own } = splitAddress(given);
		if (isIP(host) === 0) throw new Error(`${quote(given)} is no address`);
		if (own !== undefined) parsePort(own);
		return given;
	},
};

export const hostName: VariableKind = {
	allowed: 'an address or the name of a host',
	parse(given) {
		if (isIP(given) === 0 && !/^[\w.-]{1,253}$/.test(given)) throw new Error(`${quote(given)} is neither`);
		return given;
	},
};

/** Rounded as AWS's agent does. */
export const share: VariableKind = {
	allowed: 'a number from 0 to 1, with a point: 0.05',
	parse(given) {
		const value = /^(\d+\.?\d*|\.\d+)$/.test(given) ? Number(given) : Number.NaN;
		if (!(value >= 0 && value <= 1)) throw new Error(`${quote(given)} is no such number`);
		return String(Math.round(value * 100) / 100);
	},
};

const whole = (least: number, most: number, allowed: string): VariableKind => ({
	allowed,
	parse(given) {
		const value = /^-?\d+$/.test(given) ? Number(given) : Number.NaN;
		if (!(value >= least && value <= most)) throw new Error(`${quote(given)} is no such number`);
		return String(value);
	},
});

export const threads = whole(-1, 1024, 'a number of threads from 1 to 1024; 0 or -1: as many as the host has cores');
export const count = whole(-1, 2 ** 31 - 1, 'a number from 1 on; 0 or -1: no limit');
export const timeout = whole(0, 86_400, 'seconds from 0 to 86400; 0: no timeout');

/** Of Envoy's `stats_flush_interval`. */
export const interval: VariableKind = {
	allowed: 'a duration from 1ms to below 300s, such as 5000ms, 10s or 1m30s',
	parse(given) {
		const seconds = parseInterval(given);
		if (seconds === undefined || seconds < 0.001 || seconds >= 300)
			throw new Error(`${quote(given)} is no such duration`);
		return `${seconds}s`;
	},
};

export const file: VariableKind = {
	allowed: 'the absolute path of a readable file',
	parse(given, whyNot) {
		const path = absolute(given);
		const why = whyNot(path);
		if (why !== undefined) throw new Error(`${quote(given)} cannot be used: ${why}`);
		return path;
	},
};

/** It may be made later. */
export const socket: VariableKind = {
	allowed: `the absolute path of a unix socket, of at most ${LONGEST_SOCKET_PATH} bytes`,
	parse(given) {
		const path = absolute(given);
		const bytes = Buffer.byteLength(path);
		if (bytes > LONGEST_SOCKET_PATH) throw new Error(`${quote(given)} has ${bytes} bytes`);
		return path;
	},
};

function absolute(given: string): string {
	const path = withoutControls(given);
	if (!path.startsWith('/')) throw new Error(`${quote(given)} does not begin with /`);
	return path;
}

function withoutControls(given: string): string {
	if (hasControlCharacters(given)) throw new Error(`${quote(given)} has a control character`);
	return given;
}
