// The real adapters, called inside a namespace: by a process that runs there and gets the calls over a pipe.
import { createInterface } from 'node:readline';
import { Failure, failureOf } from '../../src/failure.ts';
import type { IptablesDialect } from '../../src/firewall/firewall.ts';
import { setNames } from '../../src/firewall/iptables/ip-set.ts';
import type { IptablesProgram, SetProgram } from '../../src/firewall/iptables/iptables-program.ts';
import { ownChains } from '../../src/firewall/iptables/iptables-rules.ts';
import { nft } from '../../src/firewall/nft/nft-firewall.ts';
import type { NftProgram } from '../../src/firewall/nft/nft-program.ts';
import { cgroupAt } from '../../src/host/cgroups/find-cgroups.ts';
import { createSetProgram } from '../../src/host/iptables/kernel-sets.ts';
import { findTools } from '../../src/host/iptables/programs.ts';
import { createIptablesProgram } from '../../src/host/iptables/save-restore.ts';
import { createRouting } from '../../src/host/netlink/kernel-routing.ts';
import { createNftProgram } from '../../src/host/nft/nft-commands.ts';
import { findProgram } from '../../src/host/process/find-program.ts';
import type { Routing } from '../../src/routing/routing.ts';
import type { Namespace } from '../lab/net/namespace.ts';

interface Question {
	readonly id: number;
	readonly of: 'routing' | 'nft' | 'sets' | IptablesDialect;
	readonly method: string;
	readonly args: readonly unknown[];
}

interface Answer {
	readonly id: number;
	readonly value?: unknown;
	readonly failure?: Pick<Failure, 'code' | 'message' | 'remedy'>;
}

export interface FarHost extends Disposable {
	readonly program: (dialect: IptablesDialect) => IptablesProgram;
	readonly sets: SetProgram;
	readonly nft: NftProgram;
	readonly routing: Routing;
}

export function openFarHost(namespace: Namespace): FarHost {
	const program = `import { serveFar } from ${JSON.stringify(import.meta.url)}; await serveFar();`;
	const args = ['--no-warnings', '--input-type=module', '--eval', program];
	const child = namespace.spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
	const waiting = new Map<number, (answer: Answer) => void>();
	if (child.stdout)
		createInterface({ input: child.stdout }).on('line', (line) => {
			const answer = JSON.parse(line) as Answer;
			waiting.get(answer.id)?.(answer);
			waiting.delete(answer.id);
		});
	const ask = (of: Question['of'], method: string, args: readonly unknown[]): Promise<never> =>
		new Promise((resolve, reject) => {
			const id = waiting.size + performance.now();
			waiting.set(id, ({ value, failure }) => {
				if (failure === undefined) resolve(value as never);
				else reject(new Failure(failure.code, failure.message, failure.remedy));
			});
			child.stdin?.write(`${JSON.stringify({ id, of, method, args } satisfies Question)}\n`);
		});
	const sets: SetProgram = {
		read: () => ask('sets', 'read', []),
		put: (set, isThere) => ask('sets', 'put', [set, isThere]),
		remove: (name) => ask('sets', 'remove', [name]),
	};
	return {
		sets,
		program: (dialect) => ({
			dialect,
			sets,
			cgroupAt,
			name: (family) => (family === 'ipv4' ? 'iptables' : 'ip6tables'),
			read: (family) => ask(dialect, 'read', [family]),
			hasMangleChain: (family, chain) => ask(dialect, 'hasMangleChain', [family, chain]),
			check: (family) => ask(dialect, 'check', [family]),
			commit: (family, document) => ask(dialect, 'commit', [family, document]),
		}),
		nft: {
			cgroupAt,
			// Nobody waits for an answer.
			prepare: () => void ask('nft', 'prepare', []).catch(() => undefined),
			read: () => ask('nft', 'read', []),
			commit: (document) => ask('nft', 'commit', [document]),
			generation: () => ask('nft', 'generation', []),
			counters: async () => new Map<string, number>(await ask('nft', 'countersList', [])),
		},
		routing: {
			rules: (family) => ask('routing', 'rules', [family]),
			routes: (family) => ask('routing', 'routes', [family]),
			change: (step) => ask('routing', 'change', [step]),
		},
		[Symbol.dispose]: () => void child.kill('SIGKILL'),
	};
}

/** Until its standard input ends. */
export async function serveFar(): Promise<void> {
	const tools = await findTools(AbortSignal.timeout(120_000));
	const program = createNftProgram(findProgram('nft') ?? 'nft', nft.table);
	// A map is no JSON.
	const countersList = async () => [...((await program.counters()) ?? [])];
	const sets = createSetProgram(setNames);
	const host = {
		nft: { ...program, countersList },
		programs: tools.map((each) => createIptablesProgram(each, ownChains, sets)),
		sets,
		routing: createRouting(),
	};
	for await (const line of createInterface({ input: process.stdin })) {
		const question = JSON.parse(line) as Question;
		const answer = await carryOut(host, question).then(
			(value) => ({ value }),
			(error: unknown) => {
				const { code, message, remedy } = failureOf(error);
				return { failure: { code, message, remedy } };
			},
		);
		process.stdout.write(`${JSON.stringify({ id: question.id, ...answer })}\n`);
	}
}

type Call = (...args: readonly unknown[]) => Promise<unknown>;

interface RealHost {
	readonly programs: readonly IptablesProgram[];
	readonly nft: object;
	readonly sets: SetProgram;
	readonly routing: Routing;
}

async function carryOut({ programs, ...others }: RealHost, { of, method, args }: Question): Promise<unknown> {
	const isOther = of === 'nft' || of === 'sets' || of === 'routing';
	const object = isOther ? others[of] : programs.find(({ dialect }) => dialect === of);
	const call = (object as Readonly<Record<string, Call>> | undefined)?.[method];
	return call?.(...args, AbortSignal.timeout(120_000));
}
