import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:https';
import { type Given, textOf, usage } from '../../cli/arguments.ts';
import { certificateStatus, SOON_DAYS } from '../../control/control-status.ts';
import { failureOf } from '../../failure.ts';
import { type FollowedTls, openTlsFiles, type TlsMaterial } from '../../host/files/follow-tls-files.ts';
import type { Log } from '../../log.ts';
import type { ControlAds } from './control-ads.ts';

/** Undefined: in plain text. */
export function openTls(given: Given): FollowedTls | undefined {
	const [certificate, privateKey, clientCa] = ['certificate', 'private-key', 'client-ca'].map((name) =>
		textOf(given, name),
	);
	if (certificate !== undefined && privateKey !== undefined) return openTlsFiles({ certificate, privateKey, clientCa });
	if ([certificate, privateKey, clientCa].every((path) => path === undefined)) return undefined;
	throw usage('--certificate and --private-key belong together, and --client-ca to both');
}

interface Served {
	readonly server: Server;
	readonly ads: ControlAds | undefined;
	readonly log: Log;
}

/** Connections from now on have what was renewed; those that are open go on. */
export function followTls(tls: FollowedTls | undefined, { server, ads, log }: Served, signal: AbortSignal): void {
	if (tls === undefined) return;
	tellExpiry(tls.current(), log);
	const onRenewed = (material: TlsMaterial): void => {
		if (server instanceof TlsServer) server.setSecureContext(material);
		ads?.renew(material);
		log('info', 'certificates are read again', { ...certificateStatus(material.cert, Date.now()) });
		tellExpiry(material, log);
	};
	const onProblem = (problem: unknown): void => {
		const { message, remedy } = failureOf(problem);
		log('error', 'certificates are not read again', { why: message, remedy });
	};
	const onBlind = (why: string): void => log('warn', 'certificates are looked at from time to time', { why });
	tls.follow({ onRenewed, onProblem, onBlind }, signal);
}

function tellExpiry({ cert }: TlsMaterial, log: Log): void {
	const status = certificateStatus(cert, Date.now());
	if (status.daysLeft < SOON_DAYS) log('warn', 'the certificate expires', { ...status, remedy: 'Renew it' });
}
