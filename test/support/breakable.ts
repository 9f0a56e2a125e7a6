// A host's iptables-nft-restore that takes nothing from when it is broken until it is mended.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createScratch } from '../lab/net/scratch.ts';
import { createWrappers } from './wrapper.ts';

export interface Breakable extends Disposable {
	/** What a daemon is to run under. */
	readonly env: { readonly PATH: string };
	readonly break: () => void;
	readonly repair: () => void;
}

/** What it says when it takes nothing. */
export const BROKEN = 'it is broken';

export function createBreakable(): Breakable {
	using stack = new DisposableStack();
	const broken = join(stack.use(createScratch('breakable')).path, 'broken');
	const script = `[ -e "${broken}" ] && { echo '${BROKEN}' >&2; exit 1; }\nexec "$real" "$@"`;
	const { env } = stack.use(createWrappers({ 'iptables-nft-restore': script, 'ip6tables-nft-restore': script }));
	const kept = stack.move();
	return {
		env,
		break: () => writeFileSync(broken, ''),
		repair: () => rmSync(broken),
		[Symbol.dispose]: () => kept.dispose(),
	};
}
