// A daemon that hangs as programs hang: its own code runs in an endless loop. Node's inspector, which SIGUSR1 opens, brings it there.
import type { Namespace } from '../lab/net/namespace.ts';
import { eventually } from './eventually.ts';

const program = `
const [{ webSocketDebuggerUrl }] = await (await fetch('http://127.0.0.1:9229/json')).json();
const socket = new WebSocket(webSocketDebuggerUrl);
socket.onopen = () => {
	socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression: 'setTimeout(() => { for (;;); })' } }));
};
socket.onmessage = () => process.exit();`;

/** `interrupt`: sends the daemon a SIGUSR1. */
export async function loopForever(host: Namespace, interrupt: () => void): Promise<void> {
	interrupt();
	await eventually(
		() => host.tryRun(process.execPath, ['--input-type=module', '--eval', program]).code,
		(code) => code === 0,
	);
}
