// The CNI plugin where the ECS agent calls it: in a container that has no shell, with folders of the instance mounted into it.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

import { createHost } from '../../lab/net/host.ts';
import { createPeer } from '../../lab/net/peer.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { cniProgram } from '../../lab/turnout.ts';
import { proxied } from '../../support/aws-appmesh.ts';
import { assertDone, assertRefused, callPlugin } from '../../support/cni.ts';
import { ownRules } from '../../support/own-rules.ts';

/** The folders that ecs-init mounts, and what docs/cni.md says to put into the agent's own. `$1`: the root. `$2`: turnout. */
const script = `
set -e
root=$1
mount -t tmpfs none "$root"
for folder in lib lib64 usr/lib usr/lib64 usr/sbin etc/alternatives; do
	if [ -d "/$folder" ]; then mkdir -p "$root/$folder"; mount --bind "/$folder" "$root/$folder"; fi
done
mkdir -p "$root/usr/bin" "$root/proc" "$root/host/proc" "$root/data/turnout" "$root/data/cni-plugins" "$root/run" "$root/tmp" "$root/dev"
touch "$root/usr/bin/nsenter" "$root/dev/null"
# Every container has it (config-linux.md of the OCI runtime specification).
mount --bind /dev/null "$root/dev/null"
mount --bind /usr/bin/nsenter "$root/usr/bin/nsenter"
mount --rbind /proc "$root/proc"
mount --rbind /proc "$root/host/proc"
mount --bind "$2" "$root/data/turnout"
printf '#!/data/turnout/lib/node\\nrequire("/data/turnout/lib/cni.cjs");\\n' > "$root/data/cni-plugins/aws-appmesh"
chmod 755 "$root/data/cni-plugins/aws-appmesh"
test ! -e "$root/bin/sh"
shift 3
exec chroot "$root" /data/cni-plugins/aws-appmesh "$@"`;

test('in the container of the ECS agent, which has no shell', () => {
	using lab = createHost({ container: false });
	using scratch = createScratch('agent');
	using pause = createPeer(lab.host);
	const root = join(scratch.path, 'root');
	mkdirSync(root);
	const through = ['unshare', '--mount', 'sh', '-c', script, 'sh', root, dirname(cniProgram)];
	const runtime = { from: lab.container, network: `/host/proc/${pause.pid}/ns/net` };

	const config = { ...proxied, cniVersion: '0.3.0' };
	const asked = lab.container.tryRun(through[0] ?? '', [...through.slice(1), cniProgram, '--capabilities']);
	assert.deepEqual(asked, { code: 0, stdout: '{}\n', stderr: '' });
	assertDone(callPlugin(runtime, 'ADD', { config, through }), { cniVersion: '0.3.0' });
	assert.match(ownRules(lab.host, 'iptables-nft'), /APPMESH_INGRESS/);
	assertRefused(callPlugin(runtime, 'CHECK', { config, through }), 1, /^config version does not allow CHECK$/);
	assertDone(callPlugin(runtime, 'DEL', { config, through }));
	assert.equal(ownRules(lab.host, 'iptables-nft'), '');
});
