// The behaviour table with a real Envoy: who answers in the end, and through which listener.
import type { Host } from '../lab/net/host.ts';
import type { TestDaemon } from '../lab/turnout.ts';
import { type Answerer, type Call, overBothFamilies, type Row, table } from './rows.ts';

export type Direction = 'egress' | 'ingress';

export interface Passage extends Call {
	/** Undefined: past Envoy. */
	readonly through: Direction | undefined;
}

const listeners: Readonly<Partial<Record<Answerer, Direction>>> = {
	'egress listener': 'egress',
	'ingress listener': 'ingress',
};

/** For a host whose Docker publishes a port: Envoy hands on to whom Docker would have, and in its log tells what it saw. */
export const passagesOf = (rows: readonly Row[] = table): Passage[] =>
	rows.flatMap((row) => {
		const { plain, captured } = row.published ?? row;
		const through = listeners[captured];
		const expected = through === undefined ? captured : plain;
		return overBothFamilies(row, expected).map((call) => ({
			...call,
			through,
			title: `${call.title}, ${through === undefined ? 'and Envoy knows nothing of it' : `through Envoy's ${through}`}`,
		}));
	});

export interface Logged {
	readonly direction: string;
	/** The caller's own, as Envoy saw it. */
	readonly ownPort: number;
	readonly address: string;
	readonly port: number;
}

/** The connections that our own bootstrap has Envoy write down. */
export const loggedBy = (daemon: TestDaemon): Logged[] =>
	[...daemon.ask('logs').stdout.matchAll(/^\[\S+\] (\w+) \S+:(\d+) -> \[?([0-9a-f.:]+?)\]?:(\d+) /gm)].map(
		([, direction = '', ownPort, address = '', port]) => ({
			direction,
			ownPort: Number(ownPort),
			address,
			port: Number(port),
		}),
	);

/** The connections that an Envoy with our own bootstrap has accepted; `loops`: those to its own listeners. */
export function countedByEnvoy({ host }: Host): Readonly<Record<Direction | 'loops', number>> {
	const url = 'http://127.0.0.1:9901/stats?filter=downstream_cx_total';
	const printed = host.run(process.execPath, ['-e', `fetch('${url}').then((r) => r.text()).then(console.log)`]);
	const count = (name: string) =>
		Number(new RegExp(`^tcp\\.${name}\\.downstream_cx_total: (\\d+)`, 'm').exec(printed)?.[1]);
	return { egress: count('egress'), ingress: count('ingress'), loops: count('egress_loop') + count('ingress_loop') };
}
