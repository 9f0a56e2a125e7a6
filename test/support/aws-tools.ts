// AWS's own tools of a known version, from PyPI; kept beside what else is made for the tests.
import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

/** The CLI names the botocore that it is made for. */
const [AWSCLI, BOTO3, MOTO] = ['1.45.11', '1.43.11', '5.2.1'] as const;

const folder = join(import.meta.dirname, `../../.cache/aws-tools-${AWSCLI}-${MOTO}`);

export interface AwsTools {
	readonly python: string;
	/** Python runs it. */
	readonly aws: string;
	readonly env: Readonly<Record<string, string>>;
}

export function awsTools(): AwsTools {
	if (!isWhole(folder)) {
		rmSync(folder, { recursive: true, force: true });
		const packages = [`awscli==${AWSCLI}`, `boto3==${BOTO3}`, `moto==${MOTO}`];
		const options = ['--quiet', '--no-warn-script-location', '--disable-pip-version-check', '--target', folder];
		execFileSync('python3', ['-m', 'pip', 'install', ...options, ...packages], {
			stdio: ['ignore', 'ignore', 'inherit'],
			// It warns of what root installs for all; here it is a folder of its own.
			env: { ...process.env, PIP_ROOT_USER_ACTION: 'ignore' },
		});
	}
	const credentials = {
		AWS_ACCESS_KEY_ID: 'none',
		AWS_SECRET_ACCESS_KEY: 'none',
		AWS_DEFAULT_REGION: 'local',
		AWS_PAGER: '',
	};
	return {
		python: 'python3',
		aws: join(folder, 'bin/aws'),
		env: { ...credentials, PYTHONPATH: folder, AWS_MAX_ATTEMPTS: '1' },
	};
}

/** Of the folder alone, without what this machine has. */
const isWhole = (path: string): boolean =>
	spawnSync('python3', ['-S', '-c', 'import awscli, boto3, moto'], { env: { PYTHONPATH: path } }).status === 0;
