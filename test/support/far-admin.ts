// The admin interface and the hand-over as the daemon has them, each call of which happens inside a namespace.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { ProxyAdmin, ProxyIdentity } from '../../src/envoy/runtime.ts';
import { createProxyAdmin } from '../../src/host/envoy/envoy-admin.ts';
import { createHandOvers } from '../../src/host/sockets/listener-handover.ts';
import type { Namespace } from '../lab/net/namespace.ts';
import { createScratch } from '../lab/net/scratch.ts';

type AdminRequest = Pick<ProxyIdentity, 'admin' | 'instance'>;

type Question =
	| { readonly method: 'info' | 'listeners' | 'connections'; readonly of: AdminRequest }
	| { readonly method: 'drain'; readonly of: AdminRequest; readonly how: 'graceful' | 'at-once' }
	/** Called while only the former listens. */
	| { readonly method: 'begin'; readonly ports: readonly number[] }
	/** What has begun is finished by draining this one at once. */
	| { readonly method: 'finish'; readonly of: AdminRequest };

/** The port without its signals, which do not cross over. */
export interface FarProxyAdmin {
	readonly info: () => ReturnType<ProxyAdmin['info']>;
	readonly listeners: () => ReturnType<ProxyAdmin['listeners']>;
	readonly connections: () => ReturnType<ProxyAdmin['connections']>;
	readonly drain: (how: 'graceful' | 'at-once') => Promise<void>;
}

export interface FarAdmin extends Disposable {
	readonly admin: (of: AdminRequest) => FarProxyAdmin;
	readonly begin: (ports: readonly number[]) => Promise<void>;
	readonly finish: (of: AdminRequest) => Promise<void>;
}

export function openFarAdmin(namespace: Namespace): FarAdmin {
	const program = `import { serveFarAdmin } from ${JSON.stringify(import.meta.url)}; await serveFarAdmin();`;
	const args = ['--no-warnings', '--input-type=module', '--eval', program];
	const child = namespace.spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
	const { stdin, stdout } = child;
	if (stdin === null || stdout === null) throw new Error('unreachable: both are pipes');
	const answers = createInterface({ input: stdout });
	let last: Promise<unknown> = Promise.resolve();
	// One question at a time: answers need no number then.
	const ask = (question: Question): Promise<never> => {
		const asking = last.then(async () => {
			stdin.write(`${JSON.stringify(question)}\n`);
			const [line] = await once(answers, 'line');
			const { value, why } = JSON.parse(String(line)) as { value?: unknown; why?: string };
			if (why !== undefined) throw new Error(why);
			return value as never;
		});
		last = asking.catch(() => undefined);
		return asking;
	};
	return {
		admin: (of) => ({
			info: () => ask({ method: 'info', of }),
			listeners: () => ask({ method: 'listeners', of }),
			connections: () => ask({ method: 'connections', of }),
			drain: (how) => ask({ method: 'drain', of, how }),
		}),
		begin: (ports) => ask({ method: 'begin', ports }),
		finish: (of) => ask({ method: 'finish', of }),
		[Symbol.dispose]: () => void child.kill('SIGKILL'),
	};
}

type Takeover = Awaited<ReturnType<ReturnType<typeof createHandOvers>>>;

/** Until its standard input ends. */
export async function serveFarAdmin(): Promise<void> {
	const begun: Takeover[] = [];
	using scratch = createScratch('handover');
	const handOver = createHandOvers(scratch.path);
	for await (const line of createInterface({ input: process.stdin })) {
		const answer = await carryOut(JSON.parse(line) as Question, handOver, begun).then(
			(value) => ({ value }),
			(error: unknown) => ({ why: String(error) }),
		);
		process.stdout.write(`${JSON.stringify(answer)}\n`);
	}
}

async function carryOut(
	question: Question,
	handOver: ReturnType<typeof createHandOvers>,
	begun: Takeover[],
): Promise<unknown> {
	const signal = AbortSignal.timeout(120_000);
	if (question.method === 'begin') return void begun.push(await handOver(question.ports));
	const { method, of } = question;
	const admin = createProxyAdmin(of);
	switch (method) {
		case 'info':
		case 'listeners':
		case 'connections':
			return admin[method](signal);
		case 'drain':
			return admin.drain(question.how, signal);
		case 'finish':
			return finish(begun.shift(), () => admin.drain('at-once', signal), signal);
	}
}

async function finish(handOver: Takeover | undefined, tell: () => Promise<void>, signal: AbortSignal): Promise<void> {
	await handOver?.closeFormer(tell, signal);
	handOver?.end();
}
