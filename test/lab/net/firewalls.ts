// The firewalls of distributions, real ones, on a host of the lab: with a /run, /etc and /var/log and a D-Bus of their own,
// so that the machine's are never touched.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Namespace } from './namespace.ts';
import { ownRun } from './own-run.ts';
import { createScratch } from './scratch.ts';

export interface Firewalls extends Disposable {
	/** A program, with its arguments, that runs another among those files. */
	readonly through: readonly string[];
	/** Standard output of firewall-offline-cmd, ufw and the like; throws with what they said. */
	readonly run: (file: string, args: readonly string[]) => string;
}

export async function createFirewalls(host: Namespace): Promise<Firewalls> {
	using stack = new DisposableStack();
	const { path } = stack.use(createScratch('firewalls'));
	const configuration = join(path, 'bus.conf');
	writeFileSync(configuration, bus);
	const args = ['--mount', 'sh', '-c', script, 'sh', path, configuration];
	const holder = stack.adopt(host.spawn('unshare', args, { stdio: ['ignore', 'pipe', 'ignore'] }), (child) =>
		child.kill('SIGKILL'),
	);
	await untilSaid(holder);
	const inside = [`--mount=/proc/${holder.pid}/ns/mnt`, '--'];
	const kept = stack.move();
	return {
		through: ['nsenter', ...inside],
		run: (file, args) => host.run('nsenter', [...inside, file, ...args]),
		[Symbol.dispose]: () => kept.dispose(),
	};
}

/** Nothing is started by a message, and whoever reaches the socket may say anything: nobody else does. */
const bus = `<busconfig>
<type>system</type>
<listen>unix:path=/run/dbus/system_bus_socket</listen>
<auth>EXTERNAL</auth>
<policy context="default">
<allow user="*"/> <allow own="*"/> <allow send_type="method_call"/> <allow send_type="signal"/>
<allow send_requested_reply="true" send_type="method_return"/> <allow send_requested_reply="true" send_type="error"/>
<allow receive_type="method_call"/> <allow receive_type="method_return"/> <allow receive_type="error"/> <allow receive_type="signal"/>
</policy>
</busconfig>
`;

const script = `
set -e
${ownRun}
mkdir /run/dbus
mount -t tmpfs tmpfs /var/log
mkdir "$1/etc"
cp -a /etc/. "$1/etc"
mount --bind "$1/etc" /etc
exec dbus-daemon --config-file="$2" --nofork --nopidfile --print-address
`;

/** The bus listens once it has told its address. */
async function untilSaid({ stdout, pid }: ChildProcess): Promise<void> {
	if (stdout === null) throw new Error(`unreachable: process ${pid} has a pipe`);
	const [said] = await Promise.race([once(stdout, 'data'), once(stdout, 'end')]);
	if (said === undefined) throw new Error('The D-Bus of the host does not start');
}
