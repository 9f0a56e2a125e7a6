import type Docker from 'dockerode';
import { IMAGE } from './container-spec.ts';
import type { DockerContext } from './docker-context.ts';
import { statusOf } from './docker-errors.ts';

/**
 * `docker image prune --all` removes every image without a container, and Envoy's has none while Envoy is dead: the pull
 * that would bring it back may be captured, and go through the Envoy that is missing. A second container, which is never
 * started, keeps the image. It has a label of its own, so that it is never taken for an Envoy.
 */
export const KEEPER = 'turnout.keeps';
const nameOf = ({ name }: DockerContext): string => `${name}-image`;

/** Called once Envoy is LIVE. Keeps nothing where a foreign container has the keeper's name. */
export async function keepImage(context: DockerContext, id: string): Promise<void> {
	const { engine, owner } = context;
	const { Image, Config } = await engine.inspect(id);
	const image = Config.Labels[IMAGE] ?? Config.Image;
	const former = await find(context);
	if (former === 'foreign' || (former?.Image === Image && former.Config.Labels[IMAGE] === image)) return;
	if (former !== undefined) await engine.discard(former.Id);
	await engine.create({
		...{ name: nameOf(context), Image, Labels: { [KEEPER]: owner, [IMAGE]: image } },
		// Shown by `docker ps --all`.
		...{ Entrypoint: ['keeps the image of Envoy; never started'], Cmd: [] },
		HostConfig: { NetworkMode: 'none', RestartPolicy: { Name: 'no' } },
	});
}

/** The id of the image that Envoy last ran from by this name, even if the name is gone; undefined if none is kept. */
export async function keptImage(context: DockerContext, image: string): Promise<string | undefined> {
	const keeper = await find(context);
	if (keeper === undefined || keeper === 'foreign' || keeper.Config.Labels[IMAGE] !== image) return undefined;
	return keeper.Image;
}

/** Called when no Envoy is to be started again. */
export async function releaseImage(context: DockerContext): Promise<void> {
	const keeper = await find(context);
	if (keeper !== undefined && keeper !== 'foreign') await context.engine.discard(keeper.Id);
}

async function find(context: DockerContext): Promise<Docker.ContainerInspectInfo | 'foreign' | undefined> {
	try {
		const info = await context.engine.inspect(nameOf(context));
		return info.Config.Labels[KEEPER] === context.owner ? info : 'foreign';
	} catch (error) {
		if (statusOf(error) === 404) return undefined;
		throw error;
	}
}
