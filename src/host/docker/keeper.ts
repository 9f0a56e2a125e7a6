import type Docker from 'dockerode';
import { IMAGE } from './container-spec.ts';
import type { DockerContext } from './docker-context.ts';
import { statusOf } from './docker-errors.ts';

/**
 * `docker image prune --all` takes every image that no container is made from, and Envoy's has none while Envoy is dead:
 * the pull that would bring it back goes through the Envoy that is missing. A second container, which is never started,
 * keeps it. It bears this label and not ours, so that nobody takes it for an Envoy.
 */
export const KEEPER = 'turnout.keeps';
const nameOf = ({ name }: DockerContext): string => `${name}-image`;

/** For one that is LIVE. Where the name is taken by somebody else's container nothing is kept. */
export async function keepImage(yard: DockerContext, id: string): Promise<void> {
	const { engine, owner } = yard;
	const { Image, Config } = await engine.inspect(id);
	const image = Config.Labels[IMAGE] ?? Config.Image;
	const former = await find(yard);
	if (former === 'foreign' || (former?.Image === Image && former.Config.Labels[IMAGE] === image)) return;
	if (former !== undefined) await engine.discard(former.Id);
	await engine.create({
		...{ name: nameOf(yard), Image, Labels: { [KEEPER]: owner, [IMAGE]: image } },
		// What a list of containers says of it.
		...{ Entrypoint: ['keeps the image of Envoy; never started'], Cmd: [] },
		HostConfig: { NetworkMode: 'none', RestartPolicy: { Name: 'no' } },
	});
}

/** The id of what Envoy was last started from by this name, which may be nobody's name any more; undefined where none is kept. */
export async function keptImage(yard: DockerContext, image: string): Promise<string | undefined> {
	const keeper = await find(yard);
	if (keeper === undefined || keeper === 'foreign' || keeper.Config.Labels[IMAGE] !== image) return undefined;
	return keeper.Image;
}

/** Nothing is to be started again. */
export async function letImageGo(yard: DockerContext): Promise<void> {
	const keeper = await find(yard);
	if (keeper !== undefined && keeper !== 'foreign') await yard.engine.discard(keeper.Id);
}

async function find(yard: DockerContext): Promise<Docker.ContainerInspectInfo | 'foreign' | undefined> {
	try {
		const info = await yard.engine.inspect(nameOf(yard));
		return info.Config.Labels[KEEPER] === yard.owner ? info : 'foreign';
	} catch (error) {
		if (statusOf(error) === 404) return undefined;
		throw error;
	}
}
