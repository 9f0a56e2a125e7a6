// A real Docker, a real registry that asks for a login, and the login that ECR gives: what goes between them is all ours.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { startDockerd } from '../../lab/services/dockerd.ts';
import { ecrAccount, startEcr } from '../../lab/services/ecr.ts';
import { importAnswerer } from '../../lab/services/image.ts';
import { startMetadata } from '../../lab/services/metadata.ts';
import { pullImage, pushImage, registryOptions, startRegistry } from '../../lab/services/registry.ts';
import { createAsker } from '../../support/logins.ts';

const account = '123456789012';
const name = `${account}.dkr.ecr.us-west-2.amazonaws.com`;
const image = `${name}/aws-appmesh-envoy:v1`;

test('Docker pulls from a registry that asks for a login with the one that the role of the host has brought, and not without', async () => {
	using lab = createHost({ container: false });
	using ecr = await startEcr(lab.host);
	using _metadata = await startMetadata(lab.world, { accessKeyId: 'AKIALAB', secretAccessKey: 'lab-secret' });
	using registry = await startRegistry(lab.host, ecrAccount(account));
	await using docker = await startDockerd(lab, registryOptions(name));
	importAnswerer(docker, image);
	await assert.rejects(pushImage(docker, image), /no basic auth credentials/);
	await pushImage(docker, image, ecrAccount(account));
	docker.docker(['rmi', image]);
	using asker = createAsker(lab.host, { env: ecr.env });
	const login = await asker.login(image);
	assert.match(await pullImage(docker, image), /no basic auth credentials/);
	assert.match(await pullImage(docker, image, login ?? {}), /Downloaded newer image/);
	assert.match(docker.docker(['images', '--format', '{{.Repository}}:{{.Tag}}']), new RegExp(image));
	registry.setAccount({ username: 'AWS', password: 'another' });
	assert.match(
		await pullImage(docker, image, (await asker.login(image, true)) ?? {}),
		/no basic auth credentials|unauthorized/,
	);
	assert.doesNotMatch(registry.log(), new RegExp(ecrAccount(account).password));
});

test('the login of `docker login` that stands in config.json is taken by the registry that it is for', async () => {
	using lab = createHost({ container: false });
	const account = { username: 'ann', password: 'pass:word' };
	using _registry = await startRegistry(lab.host, account);
	await using docker = await startDockerd(lab, registryOptions('registry.example'));
	importAnswerer(docker, 'registry.example/envoy:v1');
	await pushImage(docker, 'registry.example/envoy:v1', account);
	const auth = Buffer.from(`${account.username}:${account.password}`).toString('base64');
	using asker = createAsker(lab.host, { config: { auths: { 'https://registry.example/v1/': { auth } } } });
	const login = await asker.login('registry.example/envoy:v1');
	assert.match(await pullImage(docker, 'registry.example/envoy:v1', login ?? {}), /Image is up to date/);
});
