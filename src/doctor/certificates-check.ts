import type { TlsFile } from '../values/tls-file.ts';
import { type Finding, failure, unknown, warning, well } from './finding.ts';

export interface TlsFileFacts extends TlsFile {
	/** Why Envoy's user cannot read it; '' where it can. */
	readonly unreadable: string;
	/** Why this process cannot look; '' where it can. */
	readonly unseen: string;
	/** Of the certificates in it, as `node:crypto` reads them; none of a key. */
	readonly validity: readonly Validity[];
}

export interface Validity {
	readonly subject: string;
	readonly fromMs: number;
	readonly toMs: number;
}

const DAY_MS = 24 * 60 * 60 * 1_000;
const SOON_MS = 14 * DAY_MS;

/** `user`: Envoy's. */
export function certificateFindings(files: readonly TlsFileFacts[], nowMs: number, user: string): Finding[] {
	if (files.length === 0) return [well('certificates', 'the definitions name no files')];
	const wrong = files.flatMap((file) => fileFindings(file, nowMs, user));
	if (wrong.length > 0) return wrong;
	const first = Math.min(...files.map((file) => endOf(file)));
	return [well('certificates', Number.isFinite(first) ? `the first ends on ${dayOf(first)}` : '')];
}

function fileFindings(file: TlsFileFacts, nowMs: number, user: string): Finding[] {
	const { path, kind, unreadable, unseen, validity } = file;
	if (unreadable !== '')
		return [failure('certificates', `Envoy (${user}) cannot read ${path}: ${unreadable}`, `Let ${user} read it`)];
	if (unseen !== '') return [unknown('certificates', `${path} was not looked at: ${unseen}`, 'sudo turnout doctor')];
	if (kind === 'key') return [];
	if (validity.length === 0)
		return [failure('certificates', `${path} holds no certificate`, 'Put certificates in it, as PEM')];
	return timeFindings(file, nowMs);
}

function timeFindings(file: TlsFileFacts, nowMs: number): Finding[] {
	const { path, validity } = file;
	const to = endOf(file);
	const { subject = '' } = validity.find(({ toMs }) => toMs === to) ?? {};
	const what = `${path} (${subject})`;
	const isEarly = (kind: 'some' | 'every') => validity[kind](({ fromMs }) => fromMs > nowMs);
	if (to <= nowMs) return [failure('certificates', `${what} has expired on ${dayOf(to)}: TLS with it fails`, RENEW)];
	if (file.kind === 'trust' ? isEarly('every') : isEarly('some'))
		return [failure('certificates', `${what} is not valid yet: TLS with it fails`, 'See the clock, or wait')];
	if (to - nowMs >= SOON_MS) return [];
	return [
		warning('certificates', `${what} expires on ${dayOf(to)}, in ${Math.ceil((to - nowMs) / DAY_MS)} days`, RENEW),
	];
}

const RENEW = 'Renew it; Envoy reads it when it starts, or when definitions that name it change';

/** When it is of no more use: a chain with its first certificate, a bundle of authorities with its last. */
function endOf({ kind, validity }: TlsFileFacts): number {
	const ends = validity.map(({ toMs }) => toMs);
	return kind === 'trust' && ends.length > 0 ? Math.max(...ends) : Math.min(...ends);
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
