// A listener that answers with its name, as a peer does, where there is no Node or where Node has not the option.
import { once } from 'node:events';
import type { Namespace } from './namespace.ts';

/**
 * Perl is on every Debian, and its built-in functions suffice: no module has to go along. 10 is AF_INET6, for both families;
 * 0 and 19 are IP_TRANSPARENT (ip(7)), which only a process with CAP_NET_ADMIN gets: a listener for TPROXY.
 */
export const answererProgram = `
my ($name, $port) = @ARGV;
$SIG{TERM} = sub { exit 0 };
$SIG{PIPE} = 'IGNORE';
socket(my $server, 10, 1, 6) or die "socket: $!";
setsockopt($server, 1, 2, pack('l', 1));
setsockopt($server, 0, 19, pack('l', 1));
bind($server, pack('S n N a16 L', 10, $port, 0, '', 0)) or die "bind: $!";
listen($server, 1024) or die "listen: $!";
syswrite(STDOUT, "ready\\n");
while (accept(my $client, $server)) { syswrite($client, "$name\\n"); close $client; }
`;

/** As this user and group, with CAP_NET_ADMIN and no other right of root's. Resolves once it listens. */
export async function startTransparent(host: Namespace, name: string, port: number, id: number): Promise<Disposable> {
	const user = ['--reuid', String(id), '--regid', String(id), '--clear-groups'];
	const rights = ['--inh-caps', '+net_admin', '--ambient-caps', '+net_admin'];
	const program = ['perl', '-e', answererProgram, name, String(port)];
	const child = host.spawn('setpriv', [...user, ...rights, '--', ...program], { stdio: ['ignore', 'pipe', 'inherit'] });
	const ended = once(child, 'exit').then(([code]) => {
		throw new Error(`Nobody listens on port ${port}: setpriv or perl ended with ${code}`);
	});
	if (child.stdout) await Promise.race([once(child.stdout, 'data'), ended]);
	ended.catch(() => undefined);
	return { [Symbol.dispose]: () => void child.kill('SIGKILL') };
}
