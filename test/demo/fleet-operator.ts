// Who runs `aws appmesh …` against a control, and looks into the etcds.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { awsTools } from '../support/aws-tools.ts';
import { outcomeOf } from '../support/outcome.ts';
import { type FleetControl, type FleetEtcd, type FleetWorld, PREFIX } from './fleet-world.ts';

export interface Operator {
	/** A file that a command reads. */
	readonly write: (name: string, input: object) => void;
	readonly aws: (control: FleetControl, words: readonly string[]) => Promise<void>;
}

export function createOperator({ hostOf, authority, key, folder }: FleetWorld): Operator {
	const tools = awsTools();
	const env = {
		...{ ...process.env, ...tools.env, HOME: folder, AWS_CA_BUNDLE: authority.path },
		...{ AWS_ACCESS_KEY_ID: key.accessKeyId, AWS_SECRET_ACCESS_KEY: key.secretAccessKey },
	};
	const { inside } = hostOf('operator');
	return {
		write: (name, input) => writeFileSync(join(folder, name), `${JSON.stringify(input, null, 2)}\n`),
		async aws({ url }, words) {
			const { code, stderr } = await outcomeOf(
				inside.spawn(tools.python, [tools.aws, 'appmesh', ...words], {
					...{ cwd: folder, stdio: 'pipe', env: { ...env, AWS_ENDPOINT_URL_APP_MESH: url } },
				}),
			);
			if (code !== 0) throw new Error(`aws appmesh ${words.join(' ')}: ${stderr.trim()}`);
		},
	};
}

export interface KeptRoute {
	readonly version: number;
	/** When the API changed it, in milliseconds since 1970. */
	readonly changedMs: number;
}

/** As an etcd has it. */
export function readRoute({ etcd }: FleetEtcd): KeptRoute {
	const text = etcd.ctl('get', '--print-value-only', `${PREFIX}/simpleapp/route/serviceB/serviceB-route.yaml`);
	const [, changed = ''] = /^ *lastUpdatedAt: "?([^"\n]+)/m.exec(text) ?? [];
	const [, version] = /^ *version: (\d+)$/m.exec(text) ?? [];
	return { version: Number(version), changedMs: Date.parse(changed) };
}

/** Of those that run, which all agree. */
export function leaderOf(etcds: readonly FleetEtcd[]): FleetEtcd {
	const leader = etcds.find(({ etcd }) => {
		const [{ Status }] = JSON.parse(etcd.ctl('endpoint', 'status', '--write-out=json')) as [EndpointStatus];
		return Status.header.member_id === Status.leader;
	});
	if (leader === undefined) throw new Error('None of the etcds leads the others');
	return leader;
}

interface EndpointStatus {
	/** Larger than a JavaScript number may be: only compared with each other, and told apart in far more than their last digits. */
	readonly Status: { readonly header: { readonly member_id: number }; readonly leader: number };
}
