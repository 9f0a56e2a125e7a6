import { status } from '@grpc/grpc-js';
import { Failure } from '../../failure.ts';
import { oneLine } from '../../lib/escape.ts';

interface Known {
	readonly said: RegExp;
	readonly why: string;
	readonly remedy: string;
}

/** What etcd and TLS say (etcd's api/v3rpc/rpctypes/error.go; OpenSSL), and what to do. */
const known: readonly Known[] = [
	{
		said: /database space exceeded/,
		why: 'its space is used up, so that it can only be read and deleted from',
		remedy: 'Compact and defragment it, then `etcdctl alarm disarm`; or raise its --quota-backend-bytes',
	},
	{
		said: /request is too large/,
		why: 'it is larger than etcd takes',
		remedy: 'Make it smaller, or raise --max-request-bytes of every member',
	},
	{
		said: /invalid user ID or password/,
		why: 'it does not know the user, or the password is wrong',
		remedy: 'Mend mesh.etcdUser (TURNOUT_ETCD_USER), or what is in mesh.etcdPasswordFile',
	},
	{
		said: /user name is empty/,
		why: 'it asks who is there',
		remedy: 'Set mesh.etcdUser and mesh.etcdPasswordFile, or mesh.etcdCertificate and mesh.etcdKey',
	},
	{
		said: /authentication is not enabled/,
		why: 'it knows no users',
		remedy: 'Unset mesh.etcdUser (TURNOUT_ETCD_USER), or `etcdctl auth enable`',
	},
	{
		said: /permission denied/,
		why: 'the user may not do that',
		remedy: 'Grant it: etcdctl role grant-permission ROLE readwrite PREFIX/ --prefix=true; hosts only read',
	},
	{
		said: /too many requests/,
		why: 'it has too much to do',
		remedy: 'Try again in a moment; see the load of its disk',
	},
	{
		said: /unable to (?:verify|get)|self-signed certificate|altnames|certificate has expired/,
		why: 'its certificate is not accepted',
		remedy: 'mesh.etcdCa (TURNOUT_ETCD_CA) has to be who signed it, and its names that by which it is called here',
	},
	{
		said: /bad certificate|certificate required|unknown ca|handshake failure/i,
		why: 'it does not accept our certificate',
		remedy: 'Set mesh.etcdCertificate and mesh.etcdKey, signed by its --trusted-ca-file',
	},
	{
		said: /wrong version number|packet length too long/,
		why: 'it speaks without TLS',
		remedy: 'Unset mesh.etcdCa (TURNOUT_ETCD_CA), or give it certificates',
	},
];

const OTHERWISE = 'See whether it runs and can be reached: etcdctl --endpoints HOST:2379 endpoint status';

export interface OfEtcd {
	/** `read` or `change`. */
	readonly verb: string;
	/** As it was written, or a key. */
	readonly what: string;
}

/** For who asked for it. */
export function etcdFailure(error: unknown, { verb, what }: OfEtcd): Failure {
	if (error instanceof Failure) return error;
	const said = saidBy(error);
	const found = known.find((each) => each.said.test(said));
	const why = found === undefined ? said : `${found.why} (${said})`;
	return new Failure('state', `Cannot ${verb} ${what}: ${why}`, found?.remedy ?? OTHERWISE, error);
}

/** Without what gRPC puts around it. */
function saidBy(error: unknown): string {
	const text = oneLine(error instanceof Error ? error.message : String(error));
	return text
		.replace(/^\d+ [A-Z_]+: /, '')
		.replace(/^etcdserver: /, '')
		.replace(/\.? Resolution note: ?$/, '');
}

const codeOf = (error: unknown): number | undefined =>
	error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;

export const isStaleLogin = (error: unknown): boolean =>
	codeOf(error) === status.UNAUTHENTICATED || /revision of auth store is old/.test(saidBy(error));

export const isLeaseGone = (error: unknown): boolean => /requested lease not found/.test(saidBy(error));

/** Whether what was asked for may have been done all the same. */
export function isUnsure(error: unknown): boolean {
	const code = codeOf(error);
	return !(error instanceof Failure) && (code === undefined || unsure.includes(code));
}

const unsure: readonly number[] = [
	...[status.UNKNOWN, status.DEADLINE_EXCEEDED, status.UNAVAILABLE, status.INTERNAL, status.CANCELLED],
	...[status.ABORTED, status.DATA_LOSS],
];
