import type { ProxySpec } from '../../envoy/runtime.ts';
import { Failure } from '../../failure.ts';
import { type Child, startChild } from './child.ts';
import { findProgram } from './find-program.ts';

/**
 * As its user, with CAP_NET_ADMIN and no other right of root's: an ambient capability is kept where the user changes and the
 * program does (capabilities(7)). setpriv becomes the program, which so has the same process id.
 */
export function startTransparent(program: string, { uid, gid, args, env }: ProxySpec): Child {
	const setpriv = findProgram('setpriv');
	if (setpriv === undefined)
		throw new Failure(
			'envoy',
			'Cannot start Envoy with CAP_NET_ADMIN, which its transparent sockets need: there is no program setpriv',
			'Install the package util-linux, or set ingressMode (TURNOUT_INGRESS_MODE) to redirect and ingressKeepClient to envoy',
		);
	const user = ['--reuid', String(uid), '--regid', String(gid), '--clear-groups'];
	const rights = ['--inh-caps', '+net_admin', '--ambient-caps', '+net_admin'];
	return startChild(setpriv, [...user, ...rights, '--', program, ...args], { env });
}
