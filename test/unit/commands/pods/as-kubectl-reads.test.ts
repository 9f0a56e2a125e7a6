// kubectl reads YAML 1.1, but has no times: tried by `kubectl label --local -o json`.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotated, chapterPod, convert, convertedPod, deployment } from '../../../support/manifests.ts';

const asWritten = [
	...['0644', '0o644', '0400', 'yes', 'off', '2026-01-02', '2001-12-14 21:59:43.10 -5', '20:30', '190:20:30.5'],
	...['1_000', '0x1F', '1e3', '.5', '+1', '12345678901234567890', '1.10', '~', '"yes"'],
];

describe('what a conversion leaves alone stays as it is written:', () => {
	for (const value of asWritten)
		test(value, () => {
			const volumes = `      volumes:\n        - name: tls\n          secret: { secretName: tls, defaultMode: ${value} }\n`;
			assert.ok(convert(deployment(annotated, volumes)).text.includes(`defaultMode: ${value} }`));
		});
});

/** What kubectl would read as another type without quotes, which it refuses of a variable. */
const quoted = ['yes', 'on', 'n', '1_000', '0644', '0o644', '0b1', '09', '1e3', '~'];

describe('texts that kubectl would read as something else are quoted:', () => {
	for (const value of quoted)
		test(value, () => {
			const asked = convert(deployment({ ...annotated, sidecarEnv: `A=${value}` })).text;
			assert.ok(asked.includes(`- name: A\n              value: "${value}"\n`), asked);
			const kept = convert(chapterPod().replace('"us-west-2"', `"${value}"`)).text;
			assert.ok(kept.includes(`- name: AWS_REGION\n          value: "${value}"\n`), kept);
		});

	test('also in the ConfigMap', () => {
		const text = deployment(annotated).replace('  name: cart\n', '  name: cart\n  namespace: "0o644"\n');
		assert.match(convert(text, { bootstrapOf: () => '{}' }).text, /^ {2}namespace: "0o644"\ndata:/m);
	});

	test('what looks like a time is none, and stays a text', () => {
		const { envoy } = convertedPod(chapterPod().replace('"us-west-2"', '20:30'));
		assert.equal(envoy.env?.find(({ name }) => name === 'AWS_REGION')?.value, '20:30');
	});
});

describe('a directive, which kubectl refuses, is left out:', () => {
	const directive = '# first\n%YAML 1.2\n---\n';

	test('before the first document', () => {
		assert.equal(
			convert(directive + deployment(annotated)).text,
			`# first\n---\n${convert(deployment(annotated)).text}`,
		);
	});

	test('between two', () => {
		const { pods } = convert(`${deployment(annotated)}...\n${directive}${deployment(annotated)}`);
		assert.equal(pods.length, 2);
	});

	test('lines are counted with it', () => {
		assert.throws(() => convert(`${directive}kind: [`), /pods\.yaml:4: it is no YAML/);
		assert.throws(() => convert(`${directive}${deployment({ ports: '0' })}`), /pods\.yaml:4: Deployment cart/);
	});
});
