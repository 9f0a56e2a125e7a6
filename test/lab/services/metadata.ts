// EC2's instance metadata (IMDSv2) at its own address, as far as a role's credentials go.
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Namespace } from '../net/namespace.ts';
import type { Credentials } from './ecr.ts';

export interface Metadata extends Disposable {
	/** Each request so far, as `PUT /latest/api/token`. */
	readonly asked: () => readonly string[];
}

/** `undefined`: an instance without a role; `stalled`: connections stay unanswered. */
export type Role = (Credentials & { readonly sessionToken?: string }) | 'stalled' | undefined;

/** In the namespace that has 169.254.169.254: the world of a lab's host. */
export async function startMetadata(world: Namespace, role: Role): Promise<Metadata> {
	const program = join(import.meta.dirname, 'metadata-worker.ts');
	const child = world.spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'], cwd: '/', env: {} });
	// It ends with its standard input, so with us.
	child.stdin?.write(`${JSON.stringify({ role: role ?? null })}\n`);
	const asked: string[] = [];
	if (child.stdout === null) throw new Error('unreachable: it is a pipe');
	const lines = createInterface({ input: child.stdout });
	await once(lines, 'line');
	lines.on('line', (line) => asked.push(line));
	return { asked: () => asked, [Symbol.dispose]: () => void child.kill('SIGKILL') };
}
