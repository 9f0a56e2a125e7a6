// An application that answers each connection with the address that it comes from.
import { once } from 'node:events';
import type { Namespace } from '../lab/net/namespace.ts';

const program = `
require('node:net').createServer((socket) => {
	socket.on('error', () => socket.destroy());
	socket.end(socket.remoteAddress.replace('::ffff:', '') + '\\n');
}).listen(Number(process.argv[1]), '::', () => console.log('listening'));`;

/** On all addresses of both families, as user 1000. */
export async function startAddressApp(host: Namespace, port: number): Promise<Disposable> {
	const child = host.spawn(
		'setpriv',
		[...['--reuid=1000', '--regid=1000', '--clear-groups', process.execPath, '--eval', program, String(port)]],
		{ cwd: '/' },
	);
	if (child.stdout !== null) await once(child.stdout, 'data');
	return { [Symbol.dispose]: () => void child.kill('SIGKILL') };
}
