// Acts on import: the server behind test/lab/services/metadata.ts, inside a namespace. It says on standard output what it was asked, and
// ends with its standard input.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createInterface } from 'node:readline';

interface Order {
	readonly role: { readonly [key: string]: string } | 'stalled' | null;
}

const TOKEN = 'lab-metadata-token';
const ROLE = 'lab-role';
const CREDENTIALS = '/latest/meta-data/iam/security-credentials';

function answer({ role }: Order, request: IncomingMessage, response: ServerResponse): void {
	process.stdout.write(`${request.method} ${request.url}\n`);
	if (role === 'stalled') return;
	const [code, body] = replyTo(role, request);
	response.writeHead(code, { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' }).end(body);
}

function replyTo(
	role: Exclude<Order['role'], 'stalled'>,
	{ method, url = '', headers }: IncomingMessage,
): [number, string] {
	if (method === 'PUT') return url === '/latest/api/token' ? [200, TOKEN] : [405, ''];
	if (headers['x-aws-ec2-metadata-token'] !== TOKEN) return [401, ''];
	if (role === null) return [404, ''];
	if (url.replace(/\/$/, '') === CREDENTIALS) return [200, ROLE];
	return url === `${CREDENTIALS}/${ROLE}` ? [200, JSON.stringify(credentialsOf(role))] : [404, ''];
}

const credentialsOf = (role: Readonly<Record<string, string>>) => ({
	Code: 'Success',
	Type: 'AWS-HMAC',
	LastUpdated: new Date().toISOString(),
	Expiration: new Date(Date.now() + 6 * 3_600_000).toISOString(),
	AccessKeyId: role['accessKeyId'],
	SecretAccessKey: role['secretAccessKey'],
	Token: role['sessionToken'] ?? '',
});

const input = createInterface({ input: process.stdin });
input.on('close', () => process.exit());
const [line] = await once(input, 'line');
const order = JSON.parse(line) as Order;
const server = createServer((request, response) => answer(order, request, response));
server.listen(80, '169.254.169.254', () => process.stdout.write('ready\n'));
