import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { turnout } from '../../lab/turnout.ts';
import { rulesOf } from '../../support/daemon.ts';
import { chapterPod, convertedPod, deployment, variablesOf } from '../../support/manifests.ts';
import { suiteStack } from '../../support/suite-stack.ts';

describe('turnout convert pod', () => {
	const stack = suiteStack();
	const lab = stack.use(createHost({ container: false }));
	const { path: folder } = stack.use(createScratch('pods'));
	const convert = (input: string, ...more: string[]) => turnout(lab.host, ['convert', 'pod', '-', ...more], { input });

	test('reads a file or standard input, and prints the same for both; what is to be known is on standard error', () => {
		const file = join(folder, 'pods.yaml');
		writeFileSync(file, chapterPod());
		const named = turnout(lab.host, ['convert', 'pod', file, '--image', 'turnout:1']);
		assert.equal(named.code, 0);
		assert.match(named.stdout, /image: turnout:1$/m);
		assert.match(
			named.stderr,
			/^\/.*\/pods\.yaml:1: Pod service: its Envoy reads envoy\.json of the ConfigMap service-envoy; .*\n$/,
		);
		const piped = convert(chapterPod(), '--image', 'turnout:1');
		assert.deepEqual([piped.code, piped.stdout], [0, named.stdout]);
		assert.match(piped.stderr, /^standard input:1: Pod service: /);
		assert.deepEqual(convert(named.stdout), { code: 0, stdout: named.stdout, stderr: '' });
	});

	test('its container’s variables are what init captures by, SSH’s port too where the pod says so', () => {
		const { turnout: container } = convertedPod(
			deployment({ ports: '22,8080', egressIgnoredPorts: '5432', ignoredGID: '7' }),
		);
		assert.equal(turnout(lab.host, ['init'], { env: variablesOf(container) }).code, 0);
		const rules = rulesOf(lab.host);
		assert.match(rules, /--dports 22,8080 /);
		assert.match(rules, /--dports 22,5432|--dports 5432,22/);
		assert.match(rules, /--gid-owner 7 /);
		assert.equal(turnout(lab.host, ['clean']).code, 0);
	});

	test('with mistakes prints nothing, ends with 1, and tells them', () => {
		const { code, stdout, stderr } = convert(deployment({ ports: '70000', virtualNodes: 'x' }), '--mesh', 'shop');
		assert.deepEqual([code, stdout], [1, '']);
		assert.match(
			stderr,
			/^turnout: Cannot convert the pods: 2 mistakes:\n {2}standard input:1: Deployment cart: .*\n {2}.*\n.*docs\/pods\.md\n$/,
		);
	});

	test('of a file that is not there, and of what else there is to convert, is told', () => {
		const absent = turnout(lab.host, ['convert', 'pod', join(folder, 'absent.yaml')]);
		assert.equal(absent.code, 1);
		assert.match(absent.stderr, /^turnout: Cannot read the manifests ".*absent\.yaml": /);
		const unknown = turnout(lab.host, ['convert', 'pods', 'x']);
		assert.equal(unknown.code, 64);
		assert.match(unknown.stderr, /convert takes: task-definition FILE, or pod FILE/);
	});
});
