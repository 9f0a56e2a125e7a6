// What Envoy sends of itself: datagrams, also to a unix socket, which Node does not have, and HTTP requests.
import { createInterface } from 'node:readline';
import type { Namespace } from '../lab/net/namespace.ts';
import { eventually } from './eventually.ts';

export interface Collector extends Disposable {
	/** All that has come to this place so far. */
	readonly at: (place: string) => string;
	/** Waits until something like this has come there; resolves to all of it. */
	readonly until: (place: string, like: RegExp) => Promise<string>;
}

/** `places`: `udp:2000` and `http:9411` on the loopback, `unix:/path`. */
export async function createCollector(host: Namespace, places: readonly string[]): Promise<Collector> {
	const child = host.spawn('python3', ['-u', '-c', program, ...places], { stdio: ['ignore', 'pipe', 'inherit'] });
	const received = new Map<string, string>();
	createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => {
		const [place, text] = JSON.parse(line) as [string, string];
		received.set(place, `${received.get(place) ?? ''}${text}\n`);
	});
	await eventually(
		() => received.has('ready'),
		(isReady) => isReady,
	);
	const at = (place: string) => received.get(place) ?? '';
	return {
		at,
		until: (place, like) =>
			eventually(
				() => at(place),
				(text) => like.test(text),
			),
		[Symbol.dispose]: () => void child.kill('SIGKILL'),
	};
}

const program = `
import http.server, json, os, socket, sys, threading

# Envoy sends hundreds of statistics with each flush, always in the same order: what found no room would never arrive.
SO_RCVBUFFORCE, ROOM = 33, 1 << 24
with open('/proc/sys/net/unix/max_dgram_qlen', 'w') as most:
    most.write('4096')

lock = threading.Lock()

def say(place, data):
    with lock:
        print(json.dumps([place, data.decode('latin1')]))

def receive(place, listener):
    while True:
        say(place, listener.recv(65536))

def handler(place):
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            if 'chunked' in self.headers.get('transfer-encoding', ''):
                body = b''
                while (size := int(self.rfile.readline(), 16)) > 0:
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
            else:
                body = self.rfile.read(int(self.headers.get('content-length', 0)))
            say(place, f'{self.command} {self.path} '.encode() + body)
            self.send_response(200)
            self.send_header('content-length', '2')
            self.end_headers()
            self.wfile.write(b'{}')
        do_GET = do_POST = do_PUT = answer
        log_message = lambda self, *args: None
        protocol_version = 'HTTP/1.1'
    return Handler

for place in sys.argv[1:]:
    kind, where = place.split(':', 1)
    if kind == 'http':
        serve = http.server.ThreadingHTTPServer(('127.0.0.1', int(where)), handler(place)).serve_forever
    else:
        listener = socket.socket(socket.AF_UNIX if kind == 'unix' else socket.AF_INET, socket.SOCK_DGRAM)
        listener.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
        listener.bind(where if kind == 'unix' else ('127.0.0.1', int(where)))
        if kind == 'unix':
            os.chmod(where, 0o666)
        serve = lambda place=place, listener=listener: receive(place, listener)
    threading.Thread(target=serve, daemon=True).start()
say('ready', b'')
threading.Event().wait()
`;
