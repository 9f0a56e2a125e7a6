// A host without rules of others, where nobody tracks connections yet, and listeners that repeat what they hear.
import { createHost, type Host } from '../lab/net/host.ts';
import { ids } from '../lab/net/peers.ts';
import { openConnection, startListener, type Talker } from './talk.ts';

type Where = 'host' | 'world';

export interface TalkingHost extends Disposable {
	readonly lab: Host;
	/** On the host's port 22. */
	readonly sshd: Talker;
	/** `ingress` and `egress`, as Envoy's user. The others are `app` on the host's 8080, and `remote` on the world's 443. */
	readonly ingress: Talker;
	readonly egress: Talker;
	readonly listen: (where: Where, name: string, port: number, uid?: number) => Promise<Talker>;
	/** Open until the host goes, or it is closed before. */
	readonly open: (from: Where, address: string, port: number, uid?: number) => Promise<Talker>;
	/** Every listener and connection. */
	readonly closeAll: () => void;
}

export async function createTalkingHost(): Promise<TalkingHost> {
	using stack = new DisposableStack();
	const lab = stack.use(createHost({ container: false }));
	const talkers = stack.use(new DisposableStack());
	const listen: TalkingHost['listen'] = async (where, name, port, uid) =>
		talkers.use(await startListener(lab[where], name, port, uid));
	const open: TalkingHost['open'] = async (from, address, port, uid) =>
		talkers.use(await openConnection(lab[from], address, port, uid === undefined ? {} : { uid }));
	const [sshd, ingress, egress] = await Promise.all([
		listen('host', 'sshd', 22),
		listen('host', 'ingress', 15_000, ids.proxy),
		listen('host', 'egress', 15_001, ids.proxy),
		listen('host', 'app', 8080),
		listen('world', 'remote', 443),
	]);
	const kept = stack.move();
	const closeAll = () => talkers.dispose();
	return { lab, sshd, ingress, egress, listen, open, closeAll, [Symbol.dispose]: () => kept.dispose() };
}

/** What comes back for a word. */
export async function answers(talker: Talker, word: string): Promise<string> {
	talker.say(word);
	return talker.receive();
}
